"""Lambda functions of the embedded AWS run."""

import base64
import io
import json
import uuid
import zipfile
from typing import Any

import pytest

from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import ACCOUNT, REGION, Aws, wait_for

HANDLER = """
import os, time, boto3

def handler(event, context):
    print("asked for", event.get("do"))
    if event.get("do") == "raise": raise ValueError("no such column")
    if event.get("do") == "sleep": time.sleep(30)
    if event.get("do") == "exit": os._exit(3)
    if event.get("do") == "put": boto3.client("s3").put_object(Bucket=event["bucket"], Key="from-lambda", Body=b"1")
    return {"event": event, "name": context.function_name, "setting": os.environ.get("SETTING"),
            "left": context.get_remaining_time_in_millis() > 0}
"""


def zipped(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app/__init__.py", "")
        archive.writestr("app/handler.py", code)
    return buffer.getvalue()


@pytest.fixture
def function(aws: Aws) -> str:
    name = f"function-{uuid.uuid4().hex[:8]}"
    role = f"{name}-role"
    aws.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument="{}")
    aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=f"arn:aws:iam::{ACCOUNT}:role/{role}",
        Handler="app.handler.handler",
        Code={"ZipFile": zipped(HANDLER)},
        Environment={"Variables": {"SETTING": "on"}},
        Timeout=20,
    )
    return name


def call(aws: Aws, function: str, event: dict[str, Any], **options: Any) -> tuple[Any, Any]:
    answer = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event), **options)
    text = answer["Payload"].read()
    return answer, json.loads(text) if text else None


def messages(aws: Aws, function: str) -> list[str]:
    group = f"/aws/lambda/{function}"
    if not aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    return [event["message"] for event in aws.client("logs").filter_log_events(logGroupName=group)["events"]]


def test_function_runs_with_its_environment_and_logs(aws: Aws, function: str) -> None:
    answer, result = call(aws, function, {"x": 1}, LogType="Tail")
    assert "FunctionError" not in answer
    assert result == {"event": {"x": 1}, "name": function, "setting": "on", "left": True}
    assert "asked for None" in base64.b64decode(answer["LogResult"]).decode()
    assert [line.split()[0] for line in messages(aws, function)] == ["START", "asked", "END", "REPORT"]


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


def test_function_that_fails_in_the_background_leaves_its_event_in_the_dead_letter_queue(
    aws: Aws, function: str
) -> None:
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName=function)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{function}"
    aws.client("lambda").update_function_configuration(FunctionName=function, DeadLetterConfig={"TargetArn": arn})
    call(aws, function, {"do": "raise"}, InvocationType="Event")
    messages = wait_for(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    assert json.loads(messages[0]["Body"]) == {"do": "raise"}


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
