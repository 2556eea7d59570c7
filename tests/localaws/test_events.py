"""EventBridge of the embedded AWS delivers, and never fails the one who puts an event."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import ACCOUNT, REGION, Aws, wait_for
from tests.localaws.pipelines import Pipeline, approval, commits, declaration
from tests.localaws.repositories import WorkingCopy

PATTERNS = {
    "prefix": ({"key": [{"prefix": "raw/"}]}, {"key": "raw/a"}, {"key": "b"}),
    "suffix": ({"key": [{"suffix": ".csv"}]}, {"key": "a.csv"}, {"key": "a.txt"}),
    "anything-but": ({"key": [{"anything-but": ["a"]}]}, {"key": "b"}, {"key": "a"}),
    "anything-but-prefix": ({"key": [{"anything-but": {"prefix": "tmp/"}}]}, {"key": "a"}, {"key": "tmp/a"}),
    "exists": ({"key": [{"exists": False}]}, {"other": 1}, {"key": 1}),
    "numeric": ({"size": [{"numeric": [">", 0, "<=", 5]}]}, {"size": 5}, {"size": 6}),
    "wildcard": ({"key": [{"wildcard": "a/*/c"}]}, {"key": "a/b/c"}, {"key": "a/b"}),
    "ignore-case": ({"key": [{"equals-ignore-case": "ab"}]}, {"key": "AB"}, {"key": "ac"}),
    "or": ({"$or": [{"a": [1]}, {"b": [2]}]}, {"b": 2}, {"a": 2}),
    "nested": ({"object": {"key": ["a"]}}, {"object": {"key": "a"}}, {"object": {"key": "b"}}),
}

Send = Callable[..., Any]


class Rule:
    """A rule of its own source, and a queue that it delivers to."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.name, self.source = aws, f"rule-{uuid.uuid4().hex[:8]}", f"test.{uuid.uuid4().hex[:8]}"
        self.queue = aws.client("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        self.queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"
        self.events, self.ids = aws.client("events"), list[str]()

    def put(self, detail: Any = None, state: str = "ENABLED", source: str | None = None) -> None:
        pattern = {"source": [source or self.source]} | ({"detail": detail} if detail else {})
        self.events.put_rule(Name=self.name, EventPattern=json.dumps(pattern), State=state)

    def target(self, arn: str | None = None, **settings: Any) -> None:
        self.ids.append(f"t{len(self.ids)}")
        self.events.put_targets(
            Rule=self.name, Targets=[{"Id": self.ids[-1], "Arn": arn or self.queue_arn, **settings}]
        )

    def send(self, detail: dict[str, Any]) -> Any:
        entry = {"Source": self.source, "DetailType": "Test", "Detail": json.dumps(detail), "Resources": ["r"]}
        return self.events.put_events(Entries=[entry])

    def received(self) -> list[str]:
        answer = self.aws.client("sqs").receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]


@pytest.fixture
def rule(aws: Aws) -> Iterator[Rule]:
    rule = Rule(aws)
    yield rule
    if rule.ids:
        rule.events.remove_targets(Rule=rule.name, Ids=rule.ids)
    rule.events.delete_rule(Name=rule.name)


def test_event_reaches_a_queue_whole(rule: Rule) -> None:
    rule.put()
    rule.target()
    rule.send({"a": 1})
    event = json.loads(rule.received()[0])
    assert (event["detail-type"], event["detail"], event["resources"]) == ("Test", {"a": 1}, ["r"])
    assert event["time"].endswith("Z")


@pytest.mark.parametrize("name", PATTERNS)
def test_pattern_lets_pass_what_it_says(rule: Rule, name: str) -> None:
    pattern, passes, stays = PATTERNS[name]
    rule.put(pattern)
    rule.target(InputPath="$.detail")
    rule.send(stays)
    rule.send(passes)
    assert [json.loads(body) for body in rule.received()] == [passes]


@pytest.mark.parametrize(("detail", "matches"), [({"key": "a"}, True), ({"key": "b"}, False)])
def test_pattern_can_be_tried(aws: Aws, detail: dict[str, str], matches: bool) -> None:
    event = {"source": "s", "detail-type": "t", "detail": detail}
    pattern = json.dumps({"detail": {"key": ["a"]}})
    answer = aws.client("events").test_event_pattern(EventPattern=pattern, Event=json.dumps(event))
    assert answer["Result"] is matches


def test_pattern_with_an_unknown_comparison_is_refused(rule: Rule) -> None:
    rule.put()
    with pytest.raises(ClientError, match="Unrecognized match type starts"):
        rule.put({"key": [{"starts": "a"}]})


def test_disabled_rule_does_not_deliver(rule: Rule) -> None:
    rule.put(state="DISABLED")
    rule.target()
    rule.send({"a": 1})
    assert rule.received() == []


def test_input_transformer_fills_its_template(rule: Rule) -> None:
    rule.put()
    paths = {"name": "$.detail.name", "sizes": "$.detail.sizes", "none": "$.detail.none"}
    template = '{"text": "model <name>, <none>", "bare": <name>, "sizes": <sizes>, "rule": "<aws.events.rule-name>"}'
    rule.target(InputTransformer={"InputPathsMap": paths, "InputTemplate": template})
    rule.send({"name": 'a "b"', "sizes": [1, 2]})
    filled = json.loads(rule.received()[0])
    assert filled == {"text": 'model a "b", ', "bare": 'a "b"', "sizes": [1, 2], "rule": rule.name}


def test_input_transformer_to_a_text_keeps_its_quotes(rule: Rule) -> None:
    rule.put()
    rule.target(InputTransformer={"InputPathsMap": {"name": "$.detail.name"}, "InputTemplate": '"model <name>"'})
    rule.send({"name": "a"})
    assert rule.received() == ['"model a"']


def test_target_that_fails_hinders_neither_the_sender_nor_the_others(rule: Rule) -> None:
    rule.put()
    rule.target(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:nobody")
    rule.target(f"arn:aws:sqs:{REGION}:{ACCOUNT}:nobody", DeadLetterConfig={"Arn": rule.queue_arn})
    rule.target(f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:nobody")
    rule.target(Input='"constant"')
    assert rule.send({"a": 1})["FailedEntryCount"] == 0
    bodies = [json.loads(body) for body in rule.received()]
    assert bodies[1] == "constant" or bodies[0]["detail"] == {"a": 1}
    assert len(bodies) == 2


def test_event_reaches_topic_and_log_group(rule: Rule, aws: Aws) -> None:
    topic = aws.client("sns").create_topic(Name=rule.name)["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=rule.queue_arn)
    group = f"/aws/events/{rule.name}"
    aws.client("logs").create_log_group(logGroupName=group)
    rule.put()
    rule.target(topic)
    rule.target(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}")
    rule.send({"a": 1})
    assert json.loads(json.loads(rule.received()[0])["Message"])["detail"] == {"a": 1}
    events = aws.client("logs").filter_log_events(logGroupName=group)["events"]
    assert json.loads(events[0]["message"])["detail"] == {"a": 1}


def test_rule_starts_a_pipeline_with_variables_from_the_event(rule: Rule, aws: Aws, tmp_path: Path) -> None:
    metadata = aws.client("codecommit").create_repository(repositoryName=rule.name)["repositoryMetadata"]
    WorkingCopy(tmp_path, metadata["cloneUrlHttp"]).push("first")
    variables = [{"name": "REASON", "defaultValue": "commit"}]
    pipeline = Pipeline(aws, declaration(rule.name, commits(rule.name), approval(), variables=variables))
    first = pipeline.first()
    rule.put()
    template = '{"variables": [{"name": "REASON", "value": "<reason>"}]}'
    paths = {"reason": "$.detail.reason"}
    rule.target(pipeline.arn, InputTransformer={"InputPathsMap": paths, "InputTemplate": template})
    rule.send({"reason": "drift"})
    (started,) = set(pipeline.executions()) - {first}
    assert pipeline.execution(started)["variables"] == [{"name": "REASON", "resolvedValue": "drift"}]


def test_object_put_in_a_bucket_is_an_event_once_it_is_asked_for(rule: Rule, aws: Aws) -> None:
    s3, bucket = aws.client("s3"), new_bucket(aws)
    rule.put({"bucket": {"name": [bucket]}}, source="aws.s3")
    rule.target()
    s3.put_object(Bucket=bucket, Key="early", Body=b"1")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_object(Bucket=bucket, Key="late", Body=b"1")
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=bucket)
    events = [json.loads(body) for body in wait_for(rule.received)]
    assert [(event["detail-type"], event["detail"]["object"]["key"]) for event in events] == [
        ("Object Created", "late")
    ]
