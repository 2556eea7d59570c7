"""Functions for tests of Lambda: what their handler does is said by the event."""

import io
import json
import uuid
import zipfile
from typing import Any

from tests.localaws.conftest import ACCOUNT, Aws

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


def new_function(aws: Aws, code: str = HANDLER, **settings: Any) -> str:
    """Create a function with a role of its own and return its name."""
    name = f"function-{uuid.uuid4().hex[:8]}"
    role = f"{name}-role"
    aws.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument="{}")
    aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=f"arn:aws:iam::{ACCOUNT}:role/{role}",
        Handler="app.handler.handler",
        Code={"ZipFile": zipped(code)},
        Environment={"Variables": {"SETTING": "on"}},
        **{"Timeout": 20} | settings,
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
