"""One dialogue is asked with few words; requests in the endpoint's own shape go through as they are.

{"dialogue": "Agent: …"}    ->  {"summary": "…"}, or {"error": "…"}

A dialogue is asked in two languages at once, that of this project's server (`instances`) and that of AWS's vLLM or LMI
image (a chat, as OpenAI's): each passes over the other, so that a release may go from one to the other, and back.
A pre-trained model (variable `pretrained` of Terraform) is asked as a chat only.
"""

import os

# What a pre-trained model is asked. One that this project fine-tuned has its words in its own chat template.
PROMPT = "Summarize the call between an agent and a customer in one or two sentences.\n\n{dialogue}\n\nSummary:"
PARAMETERS = {"max_tokens": 96, "temperature": 0}


def to_endpoint(request):
    """What the endpoint is asked."""
    if os.environ.get("PRETRAINED") == "true":
        return _pretrained(request) if "dialogue" in request else request
    own = {"instances": [request]} if "dialogue" in request else request
    match own:
        case {"instances": [{"dialogue": str(dialogue)}], **others} if not others:
            return own | _chat(dialogue, temperature=0)  # generation_config.json says how long a summary may be
    return own


def from_endpoint(answer):
    """What this project's own server would have answered, whichever server did."""
    if "choices" not in answer:
        return answer
    return {"predictions": [{"summary": choice["message"]["content"].strip()} for choice in answer["choices"]]}


def to_caller(request, answer):
    """What who asked is told, of an answer of this project's own server."""
    return answer["predictions"][0] if request.keys() & {"dialogue", "messages"} else answer


def _pretrained(request):
    dialogue = request["dialogue"]
    if not isinstance(dialogue, str) or not dialogue.strip():
        raise ValueError('dialogue is required and must be text, for example "Agent: hello\\nCustomer: …".')
    return _chat(PROMPT.format(dialogue=dialogue), **PARAMETERS)


def _chat(words, **parameters):
    return {"messages": [{"role": "user", "content": words}], **parameters}
