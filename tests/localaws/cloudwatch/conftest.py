"""An embedded AWS whose clock the tests of CloudWatch move, and a metric of its own for each."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.localaws.conftest import ACCOUNT, REGION, Aws, serve, wait_for


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An embedded AWS of its own: whose clock moves by days elsewhere would evaluate these alarms for each minute."""
    with serve(tmp_path_factory.mktemp("cloudwatch")) as aws:
        yield aws


class Subject:
    """A metric of its own, and what is made of it."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.name = aws, f"m-{uuid.uuid4().hex[:8]}"
        self.cloudwatch = aws.client("cloudwatch")
        self.dimensions = [{"Name": "Stage", "Value": "prod"}]
        self.queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"  # of the fixture `queue`

    def put(self, value: float, metric: str = "drift") -> None:
        """Publish a value now, and wait for the minute to end."""
        data = {"MetricName": metric, "Dimensions": self.dimensions, "Value": value}
        self.cloudwatch.put_metric_data(Namespace=self.name, MetricData=[data])
        self.minute()

    def minute(self) -> None:
        self.aws.advance("1m")

    def alarm(self, name: str = "", **settings: Any) -> str:
        name = f"{self.name}{name}"
        metric = {"Namespace": self.name, "MetricName": "drift", "Dimensions": self.dimensions, "Statistic": "Maximum"}
        metric = {} if "Metrics" in settings else metric | {"Period": 60}
        defaults = {"EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold"}
        self.cloudwatch.put_metric_alarm(AlarmName=name, **(metric | defaults | settings))
        return name

    def state(self, name: str = "") -> str:
        return self.described(name)["StateValue"]

    def described(self, name: str = "") -> dict[str, Any]:
        names = [f"{self.name}{name}"]
        answer = self.cloudwatch.describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return (answer["MetricAlarms"] + answer["CompositeAlarms"])[0]

    def becomes(self, state: str, name: str = "") -> bool:
        return wait_for(lambda: self.state(name) == state)


@pytest.fixture
def subject(aws: Aws) -> Subject:
    aws.begin_minute()
    return Subject(aws)


@pytest.fixture
def queue(aws: Aws, subject: Subject) -> Callable[[], list[Any]]:
    """Return a function that receives from the subject's queue."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=subject.name)["QueueUrl"]

    def receive() -> list[Any]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    return receive
