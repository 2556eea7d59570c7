"""Schedules of EventBridge and of its Scheduler fire on the clock; deliveries are repeated, and then dead letters."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops.localaws import embedded
from cookiecutter_mlops.localaws.schedules import Expression
from tests.localaws.conftest import ACCOUNT, REGION, Aws, serve, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/scheduler"
OFF = {"Mode": "OFF"}
# Expression, time zone, a moment, and the times that follow it, in UTC.
TIMES = [
    ("cron(0 10 * * ? *)", "UTC", "2026-11-25T16:00", ["2026-11-26T10:00", "2026-11-27T10:00"]),
    ("cron(0/15 8-9 ? * MON-FRI *)", "UTC", "2026-11-27T09:40", ["2026-11-27T09:45", "2026-11-30T08:00"]),
    ("cron(30 9 L * ? *)", "UTC", "2027-01-31T09:30", ["2027-02-28T09:30"]),
    ("cron(0 9 ? * 2#1 *)", "UTC", "2026-12-01T00:00", ["2026-12-07T09:00", "2027-01-04T09:00"]),
    ("cron(0 9 15W * ? *)", "UTC", "2027-05-01T00:00", ["2027-05-14T09:00"]),
    ("cron(0 0 1 1 ? 2030)", "UTC", "2026-11-25T16:00", ["2030-01-01T00:00", None]),
    ("cron(0 6 * * ? *)", "Europe/Berlin", "2027-03-27T00:00", ["2027-03-27T05:00", "2027-03-28T04:00"]),
    ("cron(30 2 * * ? *)", "Europe/Berlin", "2027-03-27T12:00", ["2027-03-29T00:30"]),  # 02:30 is left out on the 28th
    ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),  # once
    ("rate(90 minutes)", "UTC", "2026-11-25T16:00", ["2026-11-25T17:00", "2026-11-25T18:30"]),
    ("rate(1 day)", "UTC", "2026-11-25T16:00", ["2026-11-26T14:00"]),
    ("at(2026-12-01T08:00:00)", "America/New_York", "2026-11-25T16:00", ["2026-12-01T13:00", None]),
]
ANCHOR = datetime(2026, 11, 25, 14, tzinfo=UTC).timestamp()
WRONG = [
    "cron(0 10 * * * *)",
    "cron(0 10 ? * ? *)",
    "cron(0 10 * * ?)",
    "cron(60 10 * * ? *)",
    "cron(0 10 ? * 8 *)",
    "rate(1 minutes)",
    "rate(5 minute)",
    "rate(10 seconds)",
    "rate(0 days)",
    "at(tomorrow)",
    "every day",
]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An embedded AWS whose clock these tests move."""
    with serve(tmp_path_factory.mktemp("schedules")) as aws:
        yield aws


@pytest.fixture
def name() -> str:
    return f"s-{uuid.uuid4().hex[:8]}"


class Queue:
    def __init__(self, aws: Aws, name: str) -> None:
        self.sqs = aws.client("sqs")
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def read(self) -> list[dict[str, Any]]:
        """Receive and delete what is there."""
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        found = answer.get("Messages", [])
        for message in found:
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def bodies(self, seconds: float = 5) -> list[Any]:
        return [json.loads(message["Body"]) for message in wait_for(self.read, seconds) or []]


@pytest.fixture
def queue(aws: Aws, name: str) -> Queue:
    return Queue(aws, name)


def schedule(aws: Aws, name: str, target: Any, expression: str = "rate(1 hour)", **settings: Any) -> Any:
    target = {"Arn": target, "RoleArn": ROLE, "Input": '{"reason": "schedule"}'} if isinstance(target, str) else target
    settings = {"FlexibleTimeWindow": OFF} | settings
    return aws.client("scheduler").create_schedule(Name=name, ScheduleExpression=expression, Target=target, **settings)[
        "ScheduleArn"
    ]


def advance(aws: Aws, duration: str) -> None:
    embedded.ask(aws.url, "clock", "POST", {"advance": duration})


def now(aws: Aws) -> datetime:
    return datetime.fromisoformat(embedded.ask(aws.url, "clock")["now"])


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(("text", "zone", "start", "expected"), TIMES)
def test_expression_gives_its_times(text: str, zone: str, start: str, expected: list[str | None]) -> None:
    expression, moment, found = Expression(text, zone, ANCHOR), utc(start), []
    for _ in expected:
        following = expression.after(moment)
        found.append(following and datetime.fromtimestamp(following, UTC).strftime("%Y-%m-%dT%H:%M"))
        moment = following or moment
    assert found == expected


@pytest.mark.parametrize("expression", WRONG)
def test_expression_that_aws_refuses_is_refused_in_its_words(aws: Aws, name: str, expression: str) -> None:
    with pytest.raises(ClientError) as refused:
        schedule(aws, name, f"arn:aws:sqs:{REGION}:{ACCOUNT}:any", expression)
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ValidationException", f"Invalid Schedule Expression {expression}.")
    with pytest.raises(ClientError, match=r"Parameter ScheduleExpression is not valid\."):
        aws.client("events").put_rule(Name=name, ScheduleExpression=expression)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ScheduleExpressionTimezone": "Europe/Nowhere"}, "Invalid Schedule Expression Timezone Europe/Nowhere"),
        ({"GroupName": "nobody"}, "Schedule group nobody does not exist"),
        ({"EndDate": datetime(2020, 1, 1)}, "EndDate you specify must come after"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "needs MaximumWindowInMinutes"),
        (
            {"target": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:any"},
            "does not implement schedules with",
        ),
    ],
)
def test_schedule_that_cannot_be_is_refused(aws: Aws, name: str, settings: dict[str, Any], sentence: str) -> None:
    target = settings.pop("target", f"arn:aws:sqs:{REGION}:{ACCOUNT}:any")
    with pytest.raises(ClientError, match=sentence):
        schedule(aws, name, target, **settings)


def test_rate_fires_once_for_each_time_that_passed(aws: Aws, name: str, queue: Queue) -> None:
    schedule(aws, name, queue.arn)
    advance(aws, "59m")
    assert queue.bodies(0.5) == []
    advance(aws, "2h2m")
    assert wait_for(lambda: int(_waiting(queue)) == 3)
    assert queue.bodies() == [{"reason": "schedule"}] * 3
    aws.client("scheduler").delete_schedule(Name=name)
    advance(aws, "2h")
    assert queue.bodies(0.5) == []


def _waiting(queue: Queue) -> str:
    name = "ApproximateNumberOfMessages"
    return queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=[name])["Attributes"][name]


def test_cron_fires_in_its_time_zone_with_the_scheduled_time(aws: Aws, name: str, queue: Queue) -> None:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Asia/Tokyo")
    due = (now(aws).astimezone(zone) + timedelta(days=1)).replace(hour=6, minute=30, second=0)
    target = {"Arn": queue.arn, "RoleArn": ROLE, "Input": '{"at": "<aws.scheduler.scheduled-time>"}'}
    schedule(aws, name, target, "cron(30 6 * * ? *)", ScheduleExpressionTimezone="Asia/Tokyo",
             StartDate=due - timedelta(hours=1))  # fmt: skip
    embedded.ask(aws.url, "clock", "POST", {"set": (due + timedelta(seconds=5)).isoformat()})
    assert queue.bodies() == [{"at": due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}]
    aws.client("scheduler").delete_schedule(Name=name)


def test_schedule_without_input_sends_the_event_of_aws(aws: Aws, name: str, queue: Queue) -> None:
    moment = (now(aws) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%S")
    arn = schedule(aws, name, {"Arn": queue.arn, "RoleArn": ROLE}, f"at({moment})", ActionAfterCompletion="DELETE")
    advance(aws, "6m")
    (event,) = queue.bodies()
    assert (event["source"], event["detail-type"], event["resources"]) == ("aws.scheduler", "Scheduled Event", [arn])
    assert (event["time"], event["detail"]) == (f"{moment}Z", "{}")
    scheduler = aws.client("scheduler")
    assert wait_for(lambda: name not in [item["Name"] for item in scheduler.list_schedules()["Schedules"]])


def test_disabled_ended_and_late_schedules(aws: Aws, name: str, queue: Queue) -> None:
    scheduler, start = aws.client("scheduler"), now(aws)
    kept = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": OFF}
    target = {"Arn": queue.arn, "RoleArn": ROLE, "Input": '{"who": "disabled"}'}
    schedule(aws, f"{name}-disabled", target, State="DISABLED")
    schedule(aws, f"{name}-ended", target | {"Input": '{"who": "ended"}'}, EndDate=start + timedelta(minutes=90))
    schedule(aws, f"{name}-late", target | {"Input": '{"who": "late"}'}, StartDate=start + timedelta(minutes=150))
    advance(aws, "3h")
    assert wait_for(lambda: int(_waiting(queue)) == 2)
    assert sorted(body["who"] for body in queue.bodies()) == ["ended", "late"]
    scheduler.update_schedule(Name=f"{name}-disabled", Target=target, State="ENABLED", **kept)
    for other in ("ended", "late"):
        scheduler.delete_schedule(Name=f"{name}-{other}")
    advance(aws, "61m")
    assert queue.bodies() == [{"who": "disabled"}]
    scheduler.delete_schedule(Name=f"{name}-disabled")


def test_flexible_window_delays_within_its_bounds(aws: Aws, name: str, queue: Queue) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}
    schedule(aws, name, queue.arn, FlexibleTimeWindow=window)
    advance(aws, "91m")
    assert queue.bodies() == [{"reason": "schedule"}]
    aws.client("scheduler").delete_schedule(Name=name)


def test_universal_target_calls_any_operation(aws: Aws, name: str) -> None:
    logs, group = aws.client("logs"), f"/made/{name}"
    arn = "arn:aws:scheduler:::aws-sdk:cloudwatchlogs:createLogGroup".replace("cloudwatchlogs", "logs")
    trust = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
    }
    role = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    schedule(aws, name, {"Arn": arn, "RoleArn": role, "Input": json.dumps({"logGroupName": group})})
    advance(aws, "61m")
    assert wait_for(lambda: logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"])
    aws.client("scheduler").delete_schedule(Name=name)


def test_schedule_rule_fires_while_it_is_enabled(aws: Aws, name: str, queue: Queue) -> None:
    events = aws.client("events")
    arn = events.put_rule(Name=name, ScheduleExpression="rate(1 hour)")["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": queue.arn}])
    advance(aws, "61m")
    (event,) = queue.bodies()
    assert (event["source"], event["detail-type"], event["resources"]) == ("aws.events", "Scheduled Event", [arn])
    events.disable_rule(Name=name)
    advance(aws, "61m")
    assert queue.bodies(0.5) == []
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)")
    advance(aws, "61m")
    assert queue.bodies(0.5) == []
    events.remove_targets(Rule=name, Ids=["q"])
    events.delete_rule(Name=name)


def test_delivery_is_repeated_until_it_succeeds(aws: Aws, name: str, queue: Queue) -> None:
    embedded.ask(aws.url, "faults", "POST", {"what": "delivery", "name": queue.arn, "times": 2})
    schedule(aws, name, queue.arn)
    advance(aws, "61m")
    assert queue.bodies(0.5) == []
    for _ in range(2):
        advance(aws, "5s")
    assert queue.bodies() == [{"reason": "schedule"}]
    aws.client("scheduler").delete_schedule(Name=name)


def test_delivery_that_fails_for_good_is_a_dead_letter_with_its_reasons(aws: Aws, name: str, queue: Queue) -> None:
    events, nobody = aws.client("events"), f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-nobody"
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    policy = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}
    target = {"Id": "q", "DeadLetterConfig": {"Arn": queue.arn}, "RetryPolicy": policy}
    events.put_targets(Rule=name, Targets=[target | {"Arn": nobody}])
    events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": '{"a": 1}'}])
    (letter,) = wait_for(queue.read)
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert json.loads(letter["Body"])["detail"] == {"a": 1}
    assert (attributes["TARGET_ARN"], attributes["RETRY_ATTEMPTS"]) == (nobody, "0")
    embedded.ask(aws.url, "faults", "POST", {"what": "delivery", "name": nobody, "times": 0})
    events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": '{"a": 2}'}])
    for _ in range(3):
        advance(aws, "10s")
    (letter,) = wait_for(queue.read)
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert (attributes["RETRY_ATTEMPTS"], attributes["EXHAUSTED_RETRY_CONDITION"]) == ("2", "MaximumRetryAttempts")
    embedded.ask(aws.url, "faults", "DELETE", {})
