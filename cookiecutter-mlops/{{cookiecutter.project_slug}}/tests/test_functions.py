"""The Lambda packages are what their source says, and the invoker answers every caller in one sentence or in JSON."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from fake_aws import AwsError, FakeAws, objects

from functions.invoke import handler as invoke
from monitoring.capture import Counts, batches
from pipelines import functions

REQUEST = {"instances": [{"size": 1}]}
BAD_BODIES: list[Any] = ["{", "[]", "{}", None, "[" * 100_000, {"instances": []}]


def test_zips_equal_their_source():
    assert functions.stale(Path(__file__).parent.parent / "functions") == []


def test_zip_does_not_depend_on_time_or_order(tmp_path: Path):
    for name in ("b.py", "a.py", "__init__.py"):
        (tmp_path / "job").mkdir(exist_ok=True)
        (tmp_path / "job" / name).write_text(f"# {name}\n")
    first = functions.packed(tmp_path / "job")
    (tmp_path / "job" / "a.py").touch()
    assert functions.packed(tmp_path / "job") == first
    assert zipfile.ZipFile(io.BytesIO(first)).namelist() == ["job/__init__.py", "job/a.py", "job/b.py"]


def test_zip_is_stale_after_its_source_changed(tmp_path: Path):
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "__init__.py").write_text("")
    functions.build_all(tmp_path)
    assert functions.stale(tmp_path) == []
    (tmp_path / "job" / "__init__.py").write_text("changed = True\n")
    assert functions.stale(tmp_path) == ["job"]


def model_error(status: int, message: str) -> AwsError:
    return AwsError("ModelError", OriginalStatusCode=status, OriginalMessage=message)


def http(body: Any) -> dict[str, Any]:
    return {"requestContext": {}, "body": body}


@pytest.fixture
def endpoint(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    monkeypatch.setattr(invoke, "client", aws.client)
    monkeypatch.setenv("ENDPOINT_NAME", "wages-prod")
    monkeypatch.setenv("ENDPOINT_KIND", "real-time")
    aws.on(InvokeEndpoint=lambda request: {"Body": io.BytesIO(b'{"predictions": [7]}')})
    return aws


def test_direct_request_gets_the_answer(endpoint: FakeAws):
    answer = invoke.handler(REQUEST, None)
    (request,) = endpoint.called("InvokeEndpoint")
    assert answer == {"predictions": [7], "inference_id": request["InferenceId"]}
    assert (request["EndpointName"], json.loads(request["Body"])) == ("wages-prod", REQUEST)


def test_own_inference_id_is_passed_on_and_given_back(endpoint: FakeAws):
    answer = invoke.handler(REQUEST | {"inference_id": "order-4711"}, None)
    (request,) = endpoint.called("InvokeEndpoint")
    assert (answer["inference_id"], request["InferenceId"]) == ("order-4711", "order-4711")
    assert json.loads(request["Body"]) == REQUEST


@pytest.mark.parametrize("key", ["a b", "x" * 65, 7, "ñ"])
def test_bad_inference_id_gets_a_sentence(endpoint: FakeAws, key: Any):
    answer = invoke.handler(REQUEST | {"inference_id": key}, None)
    assert answer == {"status": 400, "error": answer["error"]}
    assert answer["error"].startswith("inference_id must have 1 to 64")


@pytest.fixture
def captures(endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    monkeypatch.setenv("ENDPOINT_KIND", "serverless")
    monkeypatch.setenv("CAPTURE_S3_URI", "s3://wages-data/capture/prod/wages-prod/AllTraffic/")
    monkeypatch.setenv("CAPTURE_PERCENTAGE", "100")
    endpoint.on(PutObject={})
    return endpoint


def test_request_is_captured_where_sagemaker_does_not(captures: FakeAws, tmp_path: Path):
    invoke.handler({"instances": [{"size": 1}], "inference_id": "a"}, None)
    (put,) = captures.called("PutObject")
    assert re.fullmatch(r"capture/prod/wages-prod/AllTraffic/\d{4}/\d\d/\d\d/\d\d/[\w-]+\.jsonl", put["Key"])
    (tmp_path / "captured.jsonl").write_bytes(put["Body"])
    counts = Counts()
    (batch,) = batches(tmp_path, 1.0, counts)
    assert (batch.instances, batch.answers, batch.keys) == ([{"size": 1}], [7], [("a", 0)])
    assert vars(counts) == {"requests": 1, "sampled": 1, "unreadable": 0}


def test_request_that_is_not_drawn_is_not_captured(captures: FakeAws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAPTURE_PERCENTAGE", "0")
    assert invoke.handler(REQUEST, None)["predictions"] == [7]
    assert captures.called("PutObject") == []


def test_failing_capture_is_not_the_callers(captures: FakeAws):
    captures.on(PutObject=AwsError("AccessDenied", status=403))
    assert invoke.handler(REQUEST, None)["predictions"] == [7]


def test_http_request_gets_an_http_answer(endpoint: FakeAws):
    answer = invoke.handler(http(json.dumps(REQUEST)), None)
    assert (answer["statusCode"], json.loads(answer["body"])["predictions"]) == (200, [7])


@pytest.mark.parametrize("event", [{}, [], None, "text", *map(http, BAD_BODIES)])
def test_bad_request_gets_a_sentence(endpoint: FakeAws, event: Any):
    answer = invoke.handler(event, None)
    body = json.loads(answer["body"]) if "body" in answer else answer
    assert (body["status"], answer.get("statusCode", 400)) == (400, 400)
    assert body["error"].endswith('for example {"instances": [{"field": "value"}]}.')
    assert endpoint.called("InvokeEndpoint") == []


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (model_error(400, '{"error": "size: is too big"}'), 400, "size: is too big"),
        (model_error(400, '{"error": {"message": "too long", "code": 400}}'), 400, "too long"),
        (model_error(415, "no csv"), 415, "no csv"),
        (model_error(500, "a secret path"), 502, "The model failed"),
        (AwsError("ValidationError", "Endpoint wages-prod not found"), 503, "No model is live"),
        (AwsError("ThrottlingException"), 503, "The model is not available"),
    ],
)
def test_error_of_the_endpoint_becomes_status_and_sentence(
    endpoint: FakeAws, error: AwsError, status: int, sentence: str
):
    endpoint.on(InvokeEndpoint=error)
    answer = invoke.handler(REQUEST, None)
    assert answer["status"] == status
    assert answer["error"].startswith(sentence)
    assert "secret" not in answer["error"]


@pytest.mark.parametrize(("error", "times"), [(ReadTimeoutError, 1), (ConnectionClosedError, 3)])
def test_request_that_timed_out_is_not_sent_twice(
    error: Any, times: int, endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch
):
    sent = []

    def send(*_: Any) -> None:
        sent.append(error)
        raise error(endpoint_url="https://runtime")

    monkeypatch.undo()
    monkeypatch.setenv("ENDPOINT_NAME", "wages-prod")
    monkeypatch.setenv("ENDPOINT_KIND", "real-time")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-west-1")
    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", send)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    assert invoke.handler(REQUEST, None)["status"] == 504
    assert len(sent) == times


def test_asynchronous_request_is_uploaded_and_accepted(endpoint: FakeAws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENDPOINT_KIND", "asynchronous")
    monkeypatch.setenv("INPUT_S3_URI", "s3://wages-data/asynchronous/prod/input/")
    endpoint.on(PutObject={}, InvokeEndpointAsync={"OutputLocation": "s3://o", "FailureLocation": "s3://f"})
    answer = invoke.handler(http(json.dumps(REQUEST)), None)
    assert answer["statusCode"] == 202
    (put,), (call,) = endpoint.called("PutObject"), endpoint.called("InvokeEndpointAsync")
    places = {"output_location": "s3://o", "failure_location": "s3://f"}
    assert json.loads(answer["body"]) == places | {"inference_id": call["InferenceId"]}
    assert call["InputLocation"] == f"s3://{put['Bucket']}/{put['Key']}"
    assert put["Key"].startswith("asynchronous/prod/input/")


def test_answer_of_an_asynchronous_endpoint_is_captured_when_it_is_there(
    captures: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("ENDPOINT_KIND", "asynchronous")
    monkeypatch.setenv("INPUT_S3_URI", "s3://wages-data/asynchronous/prod/input/")
    output = "asynchronous/prod/output/x.out"
    stored: dict[str, bytes] = {output: b'{"predictions": [7]}'}

    def put(request: dict[str, Any]) -> dict[str, Any]:
        stored[request["Key"]] = request["Body"]
        return {}

    captures.on(InvokeEndpointAsync={"OutputLocation": f"s3://wages-data/{output}"}, PutObject=put)
    captures.on(GetObject=objects(stored), DeleteObject={})
    invoke.handler(REQUEST | {"inference_id": "late"}, None)
    event = {"source": "aws.s3", "detail": {"bucket": {"name": "wages-data"}, "object": {"key": output}}}
    invoke.handler(event, None)
    (captured,) = [body for key, body in stored.items() if key.startswith("capture/prod/wages-prod/AllTraffic/")]
    (tmp_path / "captured.jsonl").write_bytes(captured)
    (batch,) = batches(tmp_path, 1.0, Counts())
    assert (batch.instances, batch.answers, batch.keys) == ([{"size": 1}], [7], [("late", 0)])
    (deleted,) = captures.called("DeleteObject")
    assert deleted["Key"] == "asynchronous/prod/pending/x.out.json"


def test_answer_that_nobody_here_asked_for_is_left_alone(captures: FakeAws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(invoke.capture, "WAIT_SECONDS", (0, 0))
    captures.on(GetObject=AwsError("NoSuchKey", status=404))
    event = {"source": "aws.s3", "detail": {"bucket": {"name": "wages-data"}, "object": {"key": "a/output/y.out"}}}
    assert invoke.handler(event, None) is None
    assert captures.called("PutObject") == []
