"""Schedules of EventBridge and of its Scheduler fire on the clock; deliveries are repeated, and then dead letters."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops.localaws import embedded
from tests.localaws.conftest import ACCOUNT, REGION, Aws, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/scheduler"
OFF = {"Mode": "OFF"}
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


@pytest.fixture
def aws(moving: Aws) -> Aws:
    return moving


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

    def bodies(self, seconds: float = 60) -> list[Any]:
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
    aws.advance("59m")
    assert queue.bodies(0.5) == []
    aws.advance("2h2m")
    assert wait_for(lambda: int(_waiting(queue)) == 3)
    assert queue.bodies() == [{"reason": "schedule"}] * 3
    aws.client("scheduler").delete_schedule(Name=name)
    aws.advance("2h")
    assert queue.bodies(0.5) == []


def _waiting(queue: Queue) -> str:
    name = "ApproximateNumberOfMessages"
    return queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=[name])["Attributes"][name]


def test_cron_fires_in_its_time_zone_with_the_scheduled_time(aws: Aws, name: str, queue: Queue) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    due = (aws.now().astimezone(zone) + timedelta(days=1)).replace(hour=6, minute=30, second=0)
    target = {"Arn": queue.arn, "RoleArn": ROLE, "Input": '{"at": "<aws.scheduler.scheduled-time>"}'}
    schedule(aws, name, target, "cron(30 6 * * ? *)", ScheduleExpressionTimezone="Asia/Tokyo",
             StartDate=due - timedelta(hours=1))  # fmt: skip
    embedded.ask(aws.url, "clock", "POST", {"set": (due + timedelta(seconds=5)).isoformat()})
    assert queue.bodies() == [{"at": due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}]
    aws.client("scheduler").delete_schedule(Name=name)


def test_schedule_without_input_sends_the_event_of_aws(aws: Aws, name: str, queue: Queue) -> None:
    moment = (aws.now() + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%S")
    arn = schedule(aws, name, {"Arn": queue.arn, "RoleArn": ROLE}, f"at({moment})", ActionAfterCompletion="DELETE")
    aws.advance("6m")
    (event,) = queue.bodies()
    assert (event["source"], event["detail-type"], event["resources"]) == ("aws.scheduler", "Scheduled Event", [arn])
    assert (event["time"], event["detail"]) == (f"{moment}Z", "{}")
    scheduler = aws.client("scheduler")
    assert wait_for(lambda: name not in [item["Name"] for item in scheduler.list_schedules()["Schedules"]])


def test_disabled_ended_and_late_schedules(aws: Aws, name: str, queue: Queue) -> None:
    scheduler, start = aws.client("scheduler"), aws.now()
    kept = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": OFF}
    target = {"Arn": queue.arn, "RoleArn": ROLE, "Input": '{"who": "disabled"}'}
    schedule(aws, f"{name}-disabled", target, State="DISABLED")
    schedule(aws, f"{name}-ended", target | {"Input": '{"who": "ended"}'}, EndDate=start + timedelta(minutes=90))
    schedule(aws, f"{name}-late", target | {"Input": '{"who": "late"}'}, StartDate=start + timedelta(minutes=150))
    aws.advance("3h")
    assert wait_for(lambda: int(_waiting(queue)) == 2)
    assert sorted(body["who"] for body in queue.bodies()) == ["ended", "late"]
    scheduler.update_schedule(Name=f"{name}-disabled", Target=target, State="ENABLED", **kept)
    for other in ("ended", "late"):
        scheduler.delete_schedule(Name=f"{name}-{other}")
    aws.advance("61m")
    assert queue.bodies() == [{"who": "disabled"}]
    scheduler.delete_schedule(Name=f"{name}-disabled")


def test_flexible_window_delays_within_its_bounds(aws: Aws, name: str, queue: Queue) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}
    schedule(aws, name, queue.arn, FlexibleTimeWindow=window)
    aws.advance("91m")
    assert queue.bodies() == [{"reason": "schedule"}]
    aws.client("scheduler").delete_schedule(Name=name)


def test_universal_target_calls_any_operation(aws: Aws, name: str) -> None:
    logs, group = aws.client("logs"), f"/made/{name}"
    arn = "arn:aws:scheduler:::aws-sdk:logs:createLogGroup"
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Statement": [trust]})
    role = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    schedule(aws, name, {"Arn": arn, "RoleArn": role, "Input": json.dumps({"logGroupName": group})})
    aws.advance("61m")
    assert wait_for(lambda: logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"])
    aws.client("scheduler").delete_schedule(Name=name)


def test_schedule_rule_fires_while_it_is_enabled(aws: Aws, name: str, queue: Queue) -> None:
    events = aws.client("events")
    arn = events.put_rule(Name=name, ScheduleExpression="rate(1 hour)")["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": queue.arn}])
    aws.advance("61m")
    (event,) = queue.bodies()
    assert (event["source"], event["detail-type"], event["resources"]) == ("aws.events", "Scheduled Event", [arn])
    events.disable_rule(Name=name)
    aws.advance("61m")
    assert queue.bodies(0.5) == []
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)")
    aws.advance("61m")
    assert queue.bodies(0.5) == []
    events.remove_targets(Rule=name, Ids=["q"])
    events.delete_rule(Name=name)


def test_delivery_is_repeated_until_it_succeeds(aws: Aws, name: str, queue: Queue) -> None:
    fault = embedded.ask(aws.url, "faults", "POST", {"what": "delivery", "name": queue.arn, "times": 2})
    schedule(aws, name, queue.arn)
    aws.advance("61m")
    assert queue.bodies() == [{"reason": "schedule"}]  # after one and two seconds
    (struck,) = [item for item in embedded.ask(aws.url, "faults") if item["id"] == fault["id"]]
    assert (struck["seen"], struck["struck"]) == (3, 2)
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
        aws.advance("10s")
    (letter,) = wait_for(queue.read)
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert (attributes["RETRY_ATTEMPTS"], attributes["EXHAUSTED_RETRY_CONDITION"]) == ("2", "MaximumRetryAttempts")
    embedded.ask(aws.url, "faults", "DELETE", {})
