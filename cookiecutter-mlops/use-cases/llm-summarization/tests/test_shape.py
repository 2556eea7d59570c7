"""What an application sends and gets, through the function in front of the endpoint."""

import io
import json

import pytest
from fake_aws import FakeAws

from functions.invoke import handler as invoke
from pipelines import verify
from pipelines.project import PipelineError

CHAT = {"messages": [{"role": "user", "content": "Agent: hello"}]}
OWN = {"instances": [{"dialogue": "a"}]}
BOTH = OWN | {"messages": [{"role": "user", "content": "a"}], "temperature": 0}
SEVERAL = {"instances": [{"dialogue": "a"}, {"dialogue": "b"}]}
NO_TEXT = {"instances": [{"dialogue": ["a"]}]}
SUMMARY, PREDICTIONS = {"summary": "b"}, {"predictions": [{"summary": "b"}]}
CHOICES = {"choices": [{"message": {"content": " b\n"}}]}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"choices": [{"message": {"content": " She lost her card.\n"}}]}, {"summary": "She lost her card."}),
        ({"choices": [{"message": {"content": ""}}]}, {"summary": ""}),
    ],
)
def test_pre_trained_model_is_asked_as_a_chat(aws: FakeAws, monkeypatch: pytest.MonkeyPatch, answer, told):
    monkeypatch.setattr(invoke, "client", aws.client)
    for name, value in {"ENDPOINT_NAME": "calls-prod", "ENDPOINT_KIND": "real-time", "PRETRAINED": "true"}.items():
        monkeypatch.setenv(name, value)
    aws.on(InvokeEndpoint=lambda request: {"Body": io.BytesIO(json.dumps(answer).encode())})
    found = invoke.handler({"dialogue": "Agent: {hello}"}, None)
    assert found.pop("inference_id")
    assert found == told
    asked = json.loads(aws.called("InvokeEndpoint")[0]["Body"])
    (message,) = asked.pop("messages")
    assert message["role"] == "user" and "Agent: {hello}" in message["content"]
    assert asked == {"max_tokens": 96, "temperature": 0}


@pytest.mark.parametrize("dialogue", ["", " \n", None, ["a"]])
def test_pre_trained_model_is_not_asked_without_a_dialogue(aws: FakeAws, monkeypatch: pytest.MonkeyPatch, dialogue):
    monkeypatch.setenv("PRETRAINED", "true")
    told = invoke.handler({"dialogue": dialogue}, None)
    assert told["status"] == 422 and told["error"].startswith("dialogue is required")


@pytest.mark.parametrize(
    ("sent", "asked", "answer", "told"),
    [
        ({"dialogue": "a"}, BOTH, PREDICTIONS, SUMMARY),
        ({"dialogue": "a"}, BOTH, {"predictions": [{"error": "too long"}]}, {"error": "too long"}),
        ({"dialogue": "a"}, BOTH, CHOICES, SUMMARY),
        (OWN, BOTH, PREDICTIONS, PREDICTIONS),
        (OWN, BOTH, CHOICES, PREDICTIONS),
        (SEVERAL, SEVERAL, PREDICTIONS, PREDICTIONS),
        ({"dialogue": ["a"]}, NO_TEXT, {"predictions": [{"error": "no text"}]}, {"error": "no text"}),
        (CHAT, CHAT, CHOICES, SUMMARY),
    ],
)
def test_request_and_answer_have_the_shape_of_their_readers(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, sent, asked, answer, told
):
    monkeypatch.setattr(invoke, "client", aws.client)
    monkeypatch.setenv("ENDPOINT_NAME", "calls-prod")
    monkeypatch.setenv("ENDPOINT_KIND", "real-time")
    aws.on(InvokeEndpoint=lambda request: {"Body": io.BytesIO(json.dumps(answer).encode())})
    found = invoke.handler(dict(sent), None)
    assert found.pop("inference_id")
    assert found == told
    assert json.loads(aws.called("InvokeEndpoint")[0]["Body"]) == asked


RECORDED = {"request": OWN, "response": {"predictions": [{"summary": "Ada lost her card."}]}, "likeness": 0.5}


@pytest.mark.parametrize("told", ["Ada lost her card.", "Ada has lost her card."])
def test_verify_takes_what_vllm_answers_for_what_this_projects_server_would(told):
    asked = []

    def ask(spec, body):
        asked.append(body)
        return {"choices": [{"message": {"content": told}}]}

    assert verify.check_sample(ask, {}, 1, RECORDED) >= 0
    assert asked == [BOTH]


def test_verify_refuses_other_words():
    with pytest.raises(PipelineError, match="in training it was"):
        verify.check_sample(lambda spec, body: CHOICES, {}, 1, RECORDED)
