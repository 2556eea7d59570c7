"""Alarms of the embedded AWS are evaluated on its clock, tell EventBridge, and act."""

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops.localaws import embedded
from tests.localaws.conftest import ACCOUNT, REGION, Aws, serve, wait_for
from tests.localaws.events import Listener
from tests.localaws.functions import call, messages, new_function


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An embedded AWS whose clock these tests move."""
    with serve(tmp_path_factory.mktemp("alarms")) as aws:
        yield aws


class Subject:
    """A metric of its own, and what is made of it."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.name = aws, f"m-{uuid.uuid4().hex[:8]}"
        self.cloudwatch = aws.client("cloudwatch")
        self.dimensions = [{"Name": "Stage", "Value": "prod"}]

    def put(self, value: float, metric: str = "drift") -> None:
        """Publish a value now, and wait for the minute to end."""
        data = {"MetricName": metric, "Dimensions": self.dimensions, "Value": value}
        self.cloudwatch.put_metric_data(Namespace=self.name, MetricData=[data])
        self.minute()

    def minute(self) -> None:
        embedded.ask(self.aws.url, "clock", "POST", {"advance": "1m"})

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
        return wait_for(lambda: self.state(name) == state, seconds=5)


@pytest.fixture
def subject(aws: Aws) -> Subject:
    return Subject(aws)


@pytest.fixture
def queue(aws: Aws, subject: Subject) -> Callable[[], list[Any]]:
    """Return a function that receives from a queue, whose ARN is the subject's `queue_arn`."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=subject.name)["QueueUrl"]
    subject.queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{subject.name}"  # type: ignore[attr-defined]

    def receive() -> list[Any]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    return receive


def test_new_alarm_knows_nothing_and_then_evaluates(subject: Subject) -> None:
    subject.alarm()
    assert subject.state() == "INSUFFICIENT_DATA"
    subject.put(1)
    assert subject.becomes("OK")
    subject.put(9)
    assert subject.becomes("ALARM")
    reason = subject.described()["StateReason"]
    assert reason == "Threshold Crossed: 1 out of the last 1 datapoints [9] was greater than the threshold (5)."
    assert json.loads(subject.described()["StateReasonData"])["recentDatapoints"] == [9.0]


def test_alarm_that_rang_within_a_jump_of_the_clock_has_told_so(aws: Aws, subject: Subject) -> None:
    subject.alarm(EvaluationPeriods=2, TreatMissingData="notBreaching")
    subject.put(1)
    assert subject.becomes("OK")
    changes = Listener(aws, source=["aws.cloudwatch"], detail={"alarmName": [subject.name]}).read
    now = datetime.fromisoformat(embedded.ask(aws.url, "clock")["now"])
    data = [
        {
            "MetricName": "drift",
            "Dimensions": subject.dimensions,
            "Value": 9,
            "Timestamp": now + timedelta(minutes=ahead),
        }
        for ahead in (2, 3)
    ]
    subject.cloudwatch.put_metric_data(Namespace=subject.name, MetricData=data)
    embedded.ask(aws.url, "clock", "POST", {"advance": "10m"})

    states = [event["detail"]["state"]["value"] for event in wait_for(changes, seconds=5)]
    assert states == ["ALARM", "OK"]


def test_alarm_waits_for_n_of_m_windows(subject: Subject) -> None:
    subject.alarm(EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    for value, state in [(1, "OK"), (9, "OK"), (1, "OK"), (9, "ALARM"), (1, "OK")]:
        subject.put(value)
        assert subject.becomes(state), (value, state)


def test_alarm_on_metric_math_without_traffic_is_no_error(subject: Subject) -> None:
    def query(name: str) -> dict[str, Any]:
        metric = {"Namespace": subject.name, "MetricName": name, "Dimensions": subject.dimensions}
        stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
        return {"Id": name, "MetricStat": stat, "ReturnData": False}

    share = {"Id": "share", "Expression": "100 * errors / requests", "ReturnData": True}
    subject.alarm(Metrics=[share, query("errors"), query("requests")], TreatMissingData="notBreaching")
    subject.minute()
    assert subject.becomes("OK")
    data = [{"MetricName": name, "Dimensions": subject.dimensions, "Values": [1.0], "Counts": [count]}
            for name, count in {"errors": 1.0, "requests": 10.0}.items()]  # fmt: skip
    subject.cloudwatch.put_metric_data(Namespace=subject.name, MetricData=data)
    subject.minute()
    assert subject.becomes("ALARM")
    subject.minute()
    subject.minute()
    subject.minute()
    assert subject.becomes("OK")


def test_alarm_on_a_percentile(subject: Subject) -> None:
    subject.alarm(Statistic="Maximum")
    subject.cloudwatch.delete_alarms(AlarmNames=[subject.name])
    subject.cloudwatch.put_metric_alarm(
        AlarmName=subject.name, Namespace=subject.name, MetricName="drift", Dimensions=subject.dimensions, Period=60,
        ExtendedStatistic="p90", EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    values = {"Values": [1.0, 100.0], "Counts": [99.0, 1.0], "MetricName": "drift", "Dimensions": subject.dimensions}
    subject.cloudwatch.put_metric_data(Namespace=subject.name, MetricData=[values])
    subject.minute()
    assert subject.becomes("OK")


def test_alarm_on_what_is_not_computed_says_so(subject: Subject) -> None:
    subject.alarm(Metrics=[{"Id": "e", "Expression": "SEARCH('x', 'Sum')", "ReturnData": True, "Period": 60}])
    subject.minute()
    assert subject.state() == "INSUFFICIENT_DATA"
    log = (subject.aws.home / "server.log").read_text()
    assert f"Alarm {subject.name}: The embedded AWS does not compute the function SEARCH of metric math." in log


def test_change_of_state_reaches_a_rule_as_aws_sends_it(subject: Subject, queue: Callable[[], list[Any]]) -> None:
    events = subject.aws.client("events")
    pattern = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}
    pattern["detail"] = {"alarmName": [subject.name], "state": {"value": ["ALARM"]}}  # type: ignore[assignment]
    events.put_rule(Name=subject.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=subject.name, Targets=[{"Id": "q", "Arn": subject.queue_arn}])  # type: ignore[attr-defined]
    subject.alarm(AlarmDescription="Drift")
    subject.put(1)
    assert subject.becomes("OK")
    subject.put(9)
    (event,) = wait_for(queue)
    detail = event["detail"]
    assert event["resources"] == [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{subject.name}"]
    assert (detail["state"]["value"], detail["previousState"]["value"]) == ("ALARM", "OK")
    assert json.loads(detail["state"]["reasonData"])["threshold"] == 5
    (metric,) = detail["configuration"]["metrics"]
    assert metric["metricStat"]["metric"] == {
        "namespace": subject.name,
        "name": "drift",
        "dimensions": {"Stage": "prod"},
    }
    assert metric["metricStat"]["period"] == 60


def test_actions_tell_a_topic_and_a_function_once(subject: Subject, queue: Callable[[], list[Any]]) -> None:
    sns, function = subject.aws.client("sns"), new_function(subject.aws)
    topic = sns.create_topic(Name=subject.name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=subject.queue_arn)  # type: ignore[attr-defined]
    arn = subject.aws.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    subject.alarm(AlarmActions=[topic, arn], OKActions=[topic])
    for value in (9, 9, 1):
        subject.put(value)
        assert subject.becomes("ALARM" if value > 5 else "OK")
    told = [json.loads(item["Message"]) for item in wait_for(queue)]
    assert [(item["OldStateValue"], item["NewStateValue"]) for item in told] == [
        ("INSUFFICIENT_DATA", "ALARM"),
        ("ALARM", "OK"),
    ]
    assert (told[0]["AlarmName"], told[0]["Trigger"]["MetricName"]) == (subject.name, "drift")
    assert wait_for(lambda: [line.split()[0] for line in messages(subject.aws, function)].count("START") == 1)


def test_composite_alarm_follows_its_rule(subject: Subject) -> None:
    first, second = subject.alarm("-a"), subject.alarm("-b", Threshold=50)
    rule = f'ALARM("{first}") AND NOT ALARM("{second}")'
    subject.cloudwatch.put_composite_alarm(AlarmName=subject.name, AlarmRule=rule)
    for value, state in [(9, "ALARM"), (90, "OK"), (9, "ALARM"), (1, "OK")]:
        subject.put(value)
        assert subject.becomes(state), value
    assert subject.described()["AlarmRule"] == rule


@pytest.mark.parametrize(("rule", "sentence"), [("ALARM(nobody)", "do not exist"), ("ALARM(", "not valid")])
def test_composite_alarm_that_cannot_be_is_refused(subject: Subject, rule: str, sentence: str) -> None:
    with pytest.raises(ClientError, match=sentence):
        subject.cloudwatch.put_composite_alarm(AlarmName=subject.name, AlarmRule=rule)
    assert subject.cloudwatch.describe_alarms(AlarmNames=[subject.name])["MetricAlarms"] == []


def test_state_that_was_set_lasts_until_the_next_evaluation(subject: Subject) -> None:
    subject.alarm(TreatMissingData="notBreaching")
    subject.cloudwatch.set_alarm_state(AlarmName=subject.name, StateValue="ALARM", StateReason="a drill")
    assert subject.state() == "ALARM"
    subject.minute()
    assert subject.becomes("OK")


def test_lines_in_the_embedded_metric_format_become_metrics(subject: Subject) -> None:
    directive = {
        "Namespace": subject.name,
        "Dimensions": [["Stage"], []],
        "Metrics": [{"Name": "rows", "Unit": "Count"}],
    }
    code = f"""
import json, time
def handler(event, context):
    now = int(time.time() * 1000)
    metadata = {{"Timestamp": now, "CloudWatchMetrics": [{directive!r}]}}
    print(json.dumps({{"_aws": metadata, "Stage": "prod", "rows": [3, 4]}}))
    print("a plain line with \\"_aws\\"")
"""
    call(subject.aws, new_function(subject.aws, code), {})
    assert total(subject, "rows") == 7
    listed = subject.cloudwatch.list_metrics(Namespace=subject.name)["Metrics"]
    assert sorted(len(metric["Dimensions"]) for metric in listed) == [0, 1]


def test_metric_filter_counts_the_lines_that_match(subject: Subject) -> None:
    logs, group = subject.aws.client("logs"), f"/test/{subject.name}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    made = {"metricName": "errors", "metricNamespace": subject.name, "metricValue": "1"}
    logs.put_metric_filter(logGroupName=group, filterName="f", filterPattern="ERROR", metricTransformations=[made])
    now = int(embedded.clock.moment(embedded.ask(subject.aws.url, "clock")["now"]) * 1000)
    lines = [{"timestamp": now, "message": text} for text in ("ERROR 1", "INFO", "ERROR 2")]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=lines)
    assert total(subject, "errors", []) == 2


def total(subject: Subject, name: str, dimensions: list[dict[str, str]] | None = None) -> float:
    """Return the sum of a metric over the last hour of the moved clock, by GetMetricData and by GetMetricStatistics."""
    now = embedded.clock.moment(embedded.ask(subject.aws.url, "clock")["now"])
    window = {"StartTime": datetime.fromtimestamp(now - 3600, UTC), "EndTime": datetime.fromtimestamp(now + 60, UTC)}
    metric = {"Namespace": subject.name, "MetricName": name}
    metric |= {"Dimensions": subject.dimensions if dimensions is None else dimensions}  # type: ignore[dict-item]
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    data = subject.cloudwatch.get_metric_data(MetricDataQueries=[query], **window)["MetricDataResults"][0]["Values"]
    points = subject.cloudwatch.get_metric_statistics(**metric, **window, Period=7200, Statistics=["Sum"])["Datapoints"]
    assert sum(data) == sum(point["Sum"] for point in points)
    return sum(data)
