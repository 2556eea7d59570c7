"""What AWS refuses although its models allow it, in its own words; the server says it to whoever asks."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import ACCOUNT, REGION, Aws
from tests.localaws.functions import HANDLER, zipped

ALARM = {
    "AlarmName": "limits",
    "Namespace": "limits",
    "MetricName": "m",
    "Statistic": "Sum",
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}
FUNCTION = {
    "FunctionName": "limits",
    "Runtime": "python3.12",
    "Role": f"arn:aws:iam::{ACCOUNT}:role/limits",
    "Handler": "app.handler.handler",
    "Code": {"ZipFile": zipped(HANDLER)},
}
SCHEDULE = {
    "Name": "limits",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:limits", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/limits"},
}
REFUSED: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("s3", "create_bucket", {"Bucket": "Not_A_Name"}, "InvalidBucketName", "The specified bucket is not valid."),
    ("s3", "create_bucket", {"Bucket": "10.0.0.1"}, "InvalidBucketName", "The specified bucket is not valid."),
    (
        "ssm",
        "put_parameter",
        {"Name": "/limits", "Value": "x" * 4097, "Type": "String"},
        "ValidationException",
        "Standard tier parameters support a maximum parameter value of 4096 characters",
    ),
    (
        "lambda",
        "create_function",
        FUNCTION | {"MemorySize": 10_241},
        "ValidationException",
        "'10241' at 'memorySize' failed to satisfy constraint: Member must have value less than or equal to 10240",
    ),
    ("lambda", "create_function", FUNCTION | {"Timeout": 901}, "ValidationException", "Value '901' at 'timeout'"),
    ("lambda", "create_function", FUNCTION | {"Runtime": "python1.0"}, "ValidationException", "at 'runtime' failed"),
    ("lambda", "create_function", FUNCTION | {"Role": "limits"}, "ValidationException", "at 'role' failed"),
    (
        "lambda",
        "create_function",
        FUNCTION | {"Environment": {"Variables": {"AB": "x" * 4096}}},
        "InvalidParameterValueException",
        "exceeded the 4KB limit",
    ),
    (
        "logs",
        "put_retention_policy",
        {"logGroupName": "limits", "retentionInDays": 8},
        "InvalidParameterException",
        "Value '8' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7",
    ),
    (
        "sqs",
        "create_queue",
        {"QueueName": "limits", "Attributes": {"VisibilityTimeout": "43201"}},
        "InvalidAttributeValue",
        "Invalid value for the parameter VisibilityTimeout.",
    ),
    ("cloudwatch", "put_metric_alarm", ALARM | {"Period": 7}, "ValidationError", "Period must be 10, 20, 30 or"),
    ("cloudwatch", "put_metric_alarm", ALARM | {"Period": 60, "Unit": "Miles"}, "ValidationError", "at 'unit' failed"),
    ("scheduler", "create_schedule", SCHEDULE | {"ScheduleExpression": "rate(5 minute)"}, "ValidationException", "5"),
    ("scheduler", "create_schedule", SCHEDULE | {"ScheduleExpression": "hourly"}, "ValidationException", "hourly"),
    (
        "codepipeline",
        "start_pipeline_execution",
        {"name": "limits", "variables": [{"name": "REASON", "value": ""}]},
        "ValidationException",
        "Value '' at 'variables.1.member.value' failed to satisfy constraint: Member must have length greater than",
    ),
    ("events", "put_rule", {"Name": "limits", "ScheduleExpression": "cron(x)"}, "ValidationException", "not valid"),
    ("iam", "create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}, "ValidationError", "at 'roleName'"),
    ("sns", "create_topic", {}, "InvalidParameter", "Value null at 'name'"),
    ("sts", "assume_role", {"RoleArn": "arn", "RoleSessionName": "s"}, "ValidationError", "2 validation errors"),
]


def said(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    """Return code and sentence with which a call is refused."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code", "sentence"), REFUSED, ids=[f"{r[0]}-{r[4][:30]}" for r in REFUSED]
)
def test_request_is_refused_in_the_words_of_aws(
    aws: Aws, service: str, operation: str, arguments: dict[str, Any], code: str, sentence: str
) -> None:
    client = aws.client(service, checked=False)
    found = said(getattr(client, operation), **arguments)
    assert found[0] == code
    assert sentence in found[1]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{", "Invalid JSON"),
        ("[]", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        ('{"source": "a"}', "'source' must be an object or an array"),
        ('{"source": []}', "Empty arrays are not allowed"),
        ('{"source": [{"prefx": "a"}]}', "Unrecognized match type prefx"),
        ('{"detail": {"n": [{"numeric": ["~", 1]}]}}', "Unrecognized numeric range operator: ~"),
        ('{"detail": {"n": [{"numeric": [">", "1"]}]}}', "Value of > must be numeric"),
    ],
)
def test_event_pattern_that_is_malformed_is_refused(aws: Aws, pattern: str, reason: str) -> None:
    found = said(aws.client("events").put_rule, Name="limits", EventPattern=pattern)
    assert found == ("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


def test_advanced_parameter_holds_more_than_a_standard_one(aws: Aws) -> None:
    ssm = aws.client("ssm")
    ssm.put_parameter(Name="/limits-advanced", Value="x" * 8192, Type="String", Tier="Advanced")
    assert len(ssm.get_parameter(Name="/limits-advanced")["Parameter"]["Value"]) == 8192


def test_bucket_name_that_is_taken_is_refused_to_its_owner_and_to_others(aws: Aws) -> None:
    bucket, place = new_bucket(aws), {"LocationConstraint": REGION}
    mine = said(aws.client("s3").create_bucket, Bucket=bucket, CreateBucketConfiguration=place)
    assert mine[0] == "BucketAlreadyOwnedByYou"
    theirs = said(other_account(aws, "s3").create_bucket, Bucket=bucket, CreateBucketConfiguration=place)
    assert theirs[0] == "BucketAlreadyExists"
    assert "The bucket namespace is shared by all users of the system." in theirs[1]


def test_bucket_that_is_not_empty_is_not_deleted_even_if_only_versions_are_left(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), new_bucket(aws)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    s3.delete_object(Bucket=bucket, Key="a")
    assert said(s3.delete_bucket, Bucket=bucket)[0] == "BucketNotEmpty"
    s3.head_bucket(Bucket=bucket)


def test_key_that_is_pending_deletion_does_nothing_until_that_is_cancelled(aws: Aws) -> None:
    kms, s3, bucket = aws.client("kms"), aws.client("s3"), new_bucket(aws)
    key = kms.create_key()["KeyMetadata"]
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"1")["CiphertextBlob"]
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    refused = ("KMSInvalidStateException", f"{key['Arn']} is pending deletion.")
    assert said(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"1") == refused
    assert said(kms.decrypt, CiphertextBlob=sealed) == refused
    assert said(kms.generate_data_key, KeyId=key["Arn"], KeySpec="AES_256") == refused
    assert said(kms.enable_key, KeyId=key["KeyId"]) == refused
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["Arn"]}
    assert said(s3.put_object, Bucket=bucket, Key="a", Body=b"1", **encryption)[0] == "KMS.KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    assert said(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"1") == ("DisabledException", f"{key['Arn']} is disabled.")
    kms.enable_key(KeyId=key["KeyId"])
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"1"


@pytest.mark.parametrize("days", [6, 31])
def test_key_waits_for_its_deletion_between_7_and_30_days(aws: Aws, days: int) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    found = said(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=days)
    assert found == ("ValidationException", "PendingWindowInDays must be between 7 and 30.")


def test_state_machine_with_a_missing_state_is_refused(aws: Aws) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}})
    found = said(
        aws.client("stepfunctions").create_state_machine,
        name="limits",
        definition=definition,
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/limits",
    )
    assert found[0] == "InvalidDefinition"
    assert "MISSING_TRANSITION_TARGET: Missing 'Next' target: B" in found[1]


def other_account(aws: Aws, service: str) -> Any:
    """Return a client of another account, with a role assumed there."""
    role = "arn:aws:iam::210987654321:role/deployer"
    given = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="limits")["Credentials"]
    return aws.client(service, credentials=given)
