"""One dialogue is asked with few words; requests in the endpoint's own shape go through as they are.

{"dialogue": "Agent: …"}    ->  {"summary": "…"}, or {"error": "…"}

A pre-trained model (variable `pretrained` of Terraform) answers behind AWS's vLLM or LMI image: a chat, as OpenAI's.
"""

import os

# What a pre-trained model is asked. One that this project fine-tuned has these words in its own chat template, and is
# asked with the dialogue alone: PROMPT = "{dialogue}".
PROMPT = "Summarize the call between an agent and a customer in one or two sentences.\n\n{dialogue}\n\nSummary:"
PARAMETERS = {"max_tokens": 96, "temperature": 0}


def to_endpoint(request):
    """What the endpoint is asked."""
    if "dialogue" not in request:
        return request
    if os.environ.get("PRETRAINED") != "true":
        return {"instances": [request]}
    dialogue = request["dialogue"]
    if not isinstance(dialogue, str) or not dialogue.strip():
        raise ValueError('dialogue is required and must be text, for example "Agent: hello\\nCustomer: …".')
    return {"messages": [{"role": "user", "content": PROMPT.format(dialogue=dialogue)}], **PARAMETERS}


def to_caller(request, answer):
    """What who asked is told."""
    if "choices" in answer:
        return {"summary": answer["choices"][0]["message"]["content"].strip()}
    return answer["predictions"][0] if "dialogue" in request else answer
