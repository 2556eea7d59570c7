"""Real boto3 clients that send nothing: botocore checks each request against AWS's own model, a test answers it."""

import io
import json
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from pipelines import project

Answer = dict[str, Any] | Exception | Callable[[dict[str, Any]], dict[str, Any]]


class AwsError(Exception):
    """An answer that is an error."""

    def __init__(self, code: str, message: str = "", status: int = 400, **more: Any):
        super().__init__(message)
        self.parsed = {"Error": {"Code": code, "Message": message}, **more}
        self.status = status


class FakeAws:
    """Answers by operation; `calls` remembers what was asked, in order."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def on(self, **answers: Answer) -> None:
        self.answers.update(answers)

    def called(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]

    def order(self) -> list[str]:
        return [name for name, _ in self.calls]

    def client(self, service: str) -> Any:
        client = real_client(service)
        # The same id replaces the handler of an earlier test.
        client.meta.events.unregister("before-call.*.*", unique_id="fake")
        client.meta.events.register("before-call.*.*", self._answer, unique_id="fake")
        return client

    def _answer(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        request = context["request"]
        assert model.name in self.answers, f"{model.name} was not expected: {request}"
        self.calls.append((model.name, request))
        answer = self.answers[model.name]
        try:
            result = answer(request) if callable(answer) else answer
            if isinstance(result, Exception):
                raise result
        except AwsError as error:
            return SimpleNamespace(status_code=error.status), error.parsed
        return SimpleNamespace(status_code=200), result


@cache
def real_client(service: str) -> Any:
    """Made once, because botocore reads megabytes of model for some services."""
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    client = boto3.session.Session(**keys, region_name="eu-west-1").client(service)
    client.meta.events.register("before-parameter-build.*.*", _remember)
    return client


def _remember(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["request"] = dict(params)


def parameters(values: dict[str, Any]) -> Answer:
    """SSM that holds these JSON values."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["Name"] not in values:
            raise AwsError("ParameterNotFound")
        return {"Parameter": {"Value": json.dumps(values[request["Name"]])}}

    return answer


def objects(values: dict[str, bytes]) -> Answer:
    """S3 that holds these objects, by key."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["Key"] not in values:
            raise AwsError("NoSuchKey", status=404)
        return {"Body": io.BytesIO(values[request["Key"]])}

    return answer


def sequence(*answers: Any) -> Answer:
    """One answer after the other; the last one stays."""
    left = list(answers)

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        result = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(result, Exception):
            raise result
        return result

    return answer


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """What the pipelines get when they ask for a client; nothing waits between two looks."""
    fake = FakeAws()
    monkeypatch.setattr(project, "client", fake.client)
    monkeypatch.setenv("MLOPS_PROJECT", "wages")
    monkeypatch.setenv("MLOPS_POLL_SECONDS", "0.001")
    return fake
