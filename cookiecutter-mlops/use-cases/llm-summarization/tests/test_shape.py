"""What an application sends and gets, through the function in front of the endpoint."""

import io
import json

import pytest
from fake_aws import FakeAws

from functions.invoke import handler as invoke

CHAT = {"messages": [{"role": "user", "content": "Agent: hello"}]}
SEVERAL = {"instances": [{"dialogue": "a"}]}


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
        ({"dialogue": "a"}, SEVERAL, {"predictions": [{"summary": "b"}]}, {"summary": "b"}),
        ({"dialogue": "a"}, SEVERAL, {"predictions": [{"error": "too long"}]}, {"error": "too long"}),
        (SEVERAL, SEVERAL, {"predictions": [{"summary": "b"}]}, {"predictions": [{"summary": "b"}]}),
        (CHAT, CHAT, {"choices": [{"message": {"content": " b"}}]}, {"summary": "b"}),
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
