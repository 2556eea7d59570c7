"""Alarms of the embedded AWS are evaluated on its clock, tell EventBridge, and act."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.cloudwatch.conftest import Subject
from tests.localaws.conftest import ACCOUNT, REGION, Aws, wait_for
from tests.localaws.events import Listener
from tests.localaws.functions import messages, new_function


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
    changes = Listener(aws, source=["aws.cloudwatch"], detail={"alarmName": [subject.name]})
    now = aws.now()
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
    aws.advance("10m")

    states = [event["detail"]["state"]["value"] for event in changes.until(lambda told: told["state"]["value"] == "OK")]
    changes.close()
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
    said, log = "The embedded AWS does not compute the function SEARCH of metric math.", subject.aws.home / "server.log"
    assert wait_for(lambda: f"Alarm {subject.name}: {said}" in log.read_text())
    assert subject.state() == "INSUFFICIENT_DATA"


def test_change_of_state_reaches_a_rule_as_aws_sends_it(subject: Subject, queue: Callable[[], list[Any]]) -> None:
    events = subject.aws.client("events")
    pattern = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}
    pattern["detail"] = {"alarmName": [subject.name], "state": {"value": ["ALARM"]}}
    events.put_rule(Name=subject.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=subject.name, Targets=[{"Id": "q", "Arn": subject.queue_arn}])
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
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=subject.queue_arn)
    arn = subject.aws.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    subject.alarm(AlarmActions=[topic, arn], OKActions=[topic])
    for value in (9, 9, 1):
        subject.put(value)
        assert subject.becomes("ALARM" if value > 5 else "OK")
    told: list[Any] = []
    assert wait_for(lambda: told.extend(json.loads(item["Message"]) for item in queue()) or len(told) >= 2)
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
