"""One dialogue is asked with few words; requests in the endpoint's own shape go through as they are.

{"dialogue": "Agent: …"}                              ->  {"summary": "…"}, or {"error": "…"}
{"messages": […]}, where AWS's vLLM image answers     ->  {"summary": "…"}
"""


def to_endpoint(request):
    """What the endpoint is asked."""
    return {"instances": [request]} if "dialogue" in request else request


def to_caller(request, answer):
    """What who asked is told."""
    if "choices" in answer:
        return {"summary": answer["choices"][0]["message"]["content"].strip()}
    return answer["predictions"][0] if "dialogue" in request else answer
