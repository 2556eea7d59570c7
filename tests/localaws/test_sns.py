"""Topics of the embedded AWS reach queues, functions and, in the outbox, people."""

import json
import uuid
from typing import Any

import pytest
from click.testing import CliRunner

from cookiecutter_mlops.cli import main
from cookiecutter_mlops.localaws import outbox
from tests.localaws.conftest import ACCOUNT, REGION, Aws, wait_for
from tests.localaws.functions import messages, new_function


class Topic:
    def __init__(self, aws: Aws) -> None:
        self.aws, self.name = aws, f"topic-{uuid.uuid4().hex[:8]}"
        self.sns, self.sqs = aws.client("sns"), aws.client("sqs")
        self.arn = self.sns.create_topic(Name=self.name)["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        self.queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"

    def subscribe(self, protocol: str, endpoint: str, **attributes: str) -> None:
        self.sns.subscribe(TopicArn=self.arn, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)

    def publish(self, text: str, **settings: Any) -> None:
        self.sns.publish(TopicArn=self.arn, Message=text, **settings)

    def received(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        return answer.get("Messages", [])


@pytest.fixture
def topic(aws: Aws) -> Topic:
    return Topic(aws)


def test_message_reaches_a_queue_wrapped(topic: Topic) -> None:
    topic.subscribe("sqs", topic.queue_arn, RawMessageDelivery="false")
    topic.publish("hello", Subject="s")
    (message,) = topic.received()
    body = json.loads(message["Body"])
    assert (body["Type"], body["TopicArn"], body["Subject"], body["Message"]) == (
        "Notification",
        topic.arn,
        "s",
        "hello",
    )


def test_raw_message_keeps_its_attributes(topic: Topic) -> None:
    topic.subscribe("sqs", topic.queue_arn, RawMessageDelivery="true")
    topic.publish("hello", MessageAttributes={"kind": {"DataType": "String", "StringValue": "drift"}})
    (message,) = topic.received()
    assert (message["Body"], message["MessageAttributes"]["kind"]["StringValue"]) == ("hello", "drift")


def test_filter_policy_lets_pass_what_it_says(topic: Topic) -> None:
    topic.subscribe("sqs", topic.queue_arn, FilterPolicy=json.dumps({"kind": ["drift"]}))
    for kind in ("other", "drift"):
        topic.publish(kind, MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}})
    assert [json.loads(message["Body"])["Message"] for message in topic.received()] == ["drift"]


def test_function_is_called_with_the_message(aws: Aws, topic: Topic) -> None:
    code = """
def handler(event, context):
    told = event["Records"][0]["Sns"]
    print("told", told["TopicArn"], told["Subject"], told["Message"])
"""
    function = new_function(aws, code)
    topic.subscribe("lambda", aws.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"])
    topic.publish("hello", Subject="s")
    assert wait_for(lambda: f"told {topic.arn} s hello" in messages(aws, function))


def test_message_that_nobody_takes_is_a_dead_letter(topic: Topic) -> None:
    redrive = json.dumps({"deadLetterTargetArn": topic.queue_arn})
    topic.subscribe("sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{topic.name}-nobody", RedrivePolicy=redrive)
    topic.publish("hello")
    (letter,) = topic.received()
    assert json.loads(letter["Body"])["Message"] == "hello"


def test_e_mail_lands_in_the_outbox_and_is_listed(aws: Aws, topic: Topic) -> None:
    address = f"{topic.name}@example.com"
    topic.subscribe("email", address)
    topic.publish("Drift in prod: café\nsecond line", Subject="Drift")
    (mail,) = [mail for mail in outbox.read(aws.home) if mail.to == address]
    assert (mail.subject, mail.text.replace("\r", "")) == ("Drift", "Drift in prod: café\nsecond line\n")
    run = CliRunner().invoke
    listed = run(main, ["local", "outbox", "--home", str(aws.home)]).output
    (line,) = [line for line in listed.splitlines() if address in line]
    shown = run(main, ["local", "outbox", line.split()[0], "--home", str(aws.home)]).output
    assert "Subject: Drift" in shown and "second line" in shown
    refused = run(main, ["local", "outbox", "7000", "--home", str(aws.home)])
    assert (refused.exit_code, "got: 7000" in refused.output) == (1, True)
