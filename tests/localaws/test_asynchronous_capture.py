"""The project's own invoke function captures an asynchronous answer when S3 tells of it, as in its Terraform."""

import io
import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import ACCOUNT, Aws, wait_for
from tests.localaws.endpoints import new_config, new_endpoint, settled
from tests.localaws.functions import call

TEMPLATE = Path(__file__).resolve().parents[2] / "cookiecutter-mlops" / "{{cookiecutter.project_slug}}"
REQUEST = {"instances": [{"size": 1}]}


def invoker(aws: Aws, endpoint: str, bucket: str) -> str:
    """Create the function with the settings that module lambda-invoker gives it, and return its ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in (TEMPLATE / "functions" / "invoke").glob("*.py"):
            archive.write(path, f"invoke/{path.name}")
    settings = {"ENDPOINT_NAME": endpoint, "ENDPOINT_KIND": "asynchronous", "CAPTURE_PERCENTAGE": "100"}
    settings |= {"INPUT_S3_URI": f"s3://{bucket}/asynchronous/prod/input/", "CAPTURE_S3_URI": f"s3://{bucket}/capture/"}
    name = f"invoke-{uuid.uuid4().hex[:8]}"
    aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    made = aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        Handler="invoke.handler.handler",
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": settings},
        Timeout=60,
    )
    return made["FunctionArn"]


def tell_of_answers(aws: Aws, bucket: str, function: str) -> None:
    events, name = aws.client("events"), f"answered-{uuid.uuid4().hex[:8]}"
    place = {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": "asynchronous/prod/output/"}]}}
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": place}
    rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    permission = {"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com", "SourceArn": rule}
    aws.client("lambda").add_permission(FunctionName=function, StatementId="Answers", **permission)
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": function}])
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )


def test_asynchronous_request_and_answer_are_captured_together(aws: Aws) -> None:
    bucket = new_bucket(aws)
    output = {"S3OutputPath": f"s3://{bucket}/asynchronous/prod/output/"}
    endpoint = new_endpoint(aws, new_config(aws, "whole", AsyncInferenceConfig={"OutputConfig": output}))
    settled(aws, endpoint)
    function = invoker(aws, endpoint, bucket)
    tell_of_answers(aws, bucket, function)
    _, answer = call(aws, function, REQUEST | {"inference_id": "order-4711"})
    assert answer["inference_id"] == "order-4711"

    def found(prefix: str) -> list[str]:
        listed = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in listed]

    (key,) = wait_for(lambda: found("capture/"))
    line: dict[str, Any] = json.loads(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    assert line["eventMetadata"]["inferenceId"] == "order-4711"
    assert json.loads(line["captureData"]["endpointInput"]["data"]) == REQUEST
    assert json.loads(line["captureData"]["endpointOutput"]["data"])["body"] == json.dumps(REQUEST)
    assert wait_for(lambda: not found("asynchronous/prod/pending/"))
