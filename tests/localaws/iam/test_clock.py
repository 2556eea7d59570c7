"""What IAM does as time passes: sessions end, and schedules act with their own role."""

import uuid

import pytest

from tests.localaws.conftest import ACCOUNT, REGION, serve, wait_for
from tests.localaws.iam.conftest import Strict, allow, refusal, service_role


@pytest.fixture(scope="module")
def passing(tmp_path_factory):
    """An embedded AWS whose clock may be moved."""
    with serve(tmp_path_factory.mktemp("passing"), "--iam", "on") as aws:
        yield Strict(aws)


@pytest.mark.parametrize(
    ("service", "operation", "code", "message"),
    [
        (
            "ssm",
            "describe_parameters",
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        ("sns", "list_topics", "ExpiredToken", "The security token included in the request is expired"),
        ("s3", "list_buckets", "ExpiredToken", "The provided token has expired."),
    ],
)
def test_session_ends_when_its_time_is_over(passing, service, operation, code, message):
    short = passing.assume(passing.role(allow("*")).role, DurationSeconds=900)
    call = getattr(short.client(service), operation)
    passing.aws.advance("14m")
    call()
    passing.aws.advance("2m")
    error = refusal(call).response["Error"]
    assert (error["Code"], error["Message"]) == (code, message)


def test_schedule_delivers_only_what_its_role_may(passing):
    name, sqs, scheduler = f"schedule-{uuid.uuid4().hex[:8]}", passing.client("sqs"), passing.client("scheduler")
    for kind, statements in (("open", [allow("sqs:SendMessage")]), ("closed", [allow("sqs:GetQueueUrl")])):
        sqs.create_queue(QueueName=f"{name}-{kind}")
        target = {
            "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-{kind}",
            "RoleArn": service_role(passing, "scheduler", *statements),
            "Input": kind,
            "RetryPolicy": {"MaximumRetryAttempts": 0},
        }
        scheduler.create_schedule(
            Name=f"{name}-{kind}",
            ScheduleExpression="rate(1 hour)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
        )
    passing.aws.advance("61m")

    def refused() -> list[str]:
        refusals = [entry for entry in passing.decisions() if not entry["allowed"]]
        return [entry["action"] for entry in refusals if entry["resource"].endswith(f"{name}-closed")]

    assert wait_for(refused) == ["sqs:SendMessage"]
    assert wait_for(lambda: received(sqs, f"{name}-open")) == ["open"]
    assert received(sqs, f"{name}-closed") == []


def received(sqs, name: str) -> list[str]:
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return [m["Body"] for m in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])]
