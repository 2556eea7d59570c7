"""Lambda functions of the embedded AWS run."""

import base64
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops.localaws.awslambda import executor
from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import Aws, wait_for
from tests.localaws.functions import call, messages, new_function, zipped


@pytest.fixture
def function(aws: Aws) -> str:
    return new_function(aws)


def test_function_runs_with_its_environment_and_logs(aws: Aws, function: str) -> None:
    answer, result = call(aws, function, {"x": 1}, LogType="Tail")
    assert "FunctionError" not in answer
    assert result == {"event": {"x": 1}, "name": function, "setting": "on", "left": True}
    assert "asked for None" in base64.b64decode(answer["LogResult"]).decode()
    assert [line.split()[0] for line in messages(aws, function)] == ["START", "asked", "END", "REPORT"]


@pytest.mark.parametrize(
    "body",
    ["é".encode("latin-1"), b"\xff", b"[" * 100_000, b"hello", b"\xef\xbb\xbf{}", b"NaN"],
    ids=["latin-1", "no-utf-8", "deep", "text", "bom", "nan"],
)
def test_event_that_is_no_json_is_refused_before_the_function_runs(aws: Aws, body: bytes) -> None:
    with pytest.raises(ClientError) as refused:
        aws.client("lambda").invoke(FunctionName="any", Payload=body)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"
    assert refused.value.response["Error"]["Message"].startswith("Could not parse request body into json: ")


def test_function_that_raises_is_unhandled(aws: Aws, function: str) -> None:
    answer, error = call(aws, function, {"do": "raise"})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such column")
    assert any("ValueError: no such column" in line for line in messages(aws, function))


def test_function_that_takes_too_long_is_ended(aws: Aws, function: str) -> None:
    aws.client("lambda").update_function_configuration(FunctionName=function, Timeout=1)
    answer, error = call(aws, function, {"do": "sleep"})
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert "Task timed out after 1.00 seconds" in error["errorMessage"]


def test_function_that_dies_is_an_error(aws: Aws, function: str) -> None:
    answer, error = call(aws, function, {"do": "exit"})
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "Runtime.ExitError")


def test_function_reaches_the_embedded_aws(aws: Aws, function: str) -> None:
    bucket = new_bucket(aws)
    call(aws, function, {"do": "put", "bucket": bucket})
    assert aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"][0]["Key"] == "from-lambda"


def test_function_invoked_in_the_background_runs(aws: Aws, function: str) -> None:
    answer, result = call(aws, function, {"do": "later"}, InvocationType="Event")
    assert (answer["StatusCode"], result) == (202, None)
    assert wait_for(lambda: "asked for later" in messages(aws, function))


def test_function_code_updated_is_the_code_that_runs(aws: Aws, function: str) -> None:
    aws.client("lambda").update_function_code(
        FunctionName=function, ZipFile=zipped("def handler(event, context):\n    return 'new'\n")
    )
    assert call(aws, function, {})[1] == "new"


def test_event_rule_invokes_a_function(aws: Aws, function: str) -> None:
    events, arn = aws.client("events"), aws.client("lambda").get_function(FunctionName=function)
    events.put_rule(Name=function, EventPattern=json.dumps({"source": [function]}))
    target = {"Id": "f", "Arn": arn["Configuration"]["FunctionArn"], "Input": json.dumps({"do": "by rule"})}
    events.put_targets(Rule=function, Targets=[target])
    events.put_events(Entries=[{"Source": function, "DetailType": "t", "Detail": "{}"}])
    assert wait_for(lambda: "asked for by rule" in messages(aws, function))
    events.remove_targets(Rule=function, Ids=["f"])
    events.delete_rule(Name=function)


def test_code_that_another_invocation_unpacked_meanwhile_is_used(monkeypatch, tmp_path) -> None:
    function = SimpleNamespace(function_name="f", code_digest="0" * 64, code_bytes=zipped("x = 1"))
    folder, unpack = tmp_path / "functions" / f"f-{'0' * 16}", zipfile.ZipFile.extractall

    def unpack_both(archive: zipfile.ZipFile, into: Path) -> None:
        unpack(archive, into)
        unpack(archive, folder)

    monkeypatch.setattr(executor.runtime, "home", lambda: tmp_path)
    monkeypatch.setattr(zipfile.ZipFile, "extractall", unpack_both)
    assert executor._code(function) == folder
    assert list(folder.parent.iterdir()) == [folder]
