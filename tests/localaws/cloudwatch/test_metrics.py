"""Metrics that nobody puts: those in the lines of a function, and those that a filter makes of a log group."""

from datetime import UTC, datetime

from cookiecutter_mlops.localaws import embedded
from tests.localaws.cloudwatch.conftest import Subject
from tests.localaws.functions import call, new_function


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
    metric |= {"Dimensions": subject.dimensions if dimensions is None else dimensions}
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    data = subject.cloudwatch.get_metric_data(MetricDataQueries=[query], **window)["MetricDataResults"][0]["Values"]
    points = subject.cloudwatch.get_metric_statistics(**metric, **window, Period=7200, Statistics=["Sum"])["Datapoints"]
    assert sum(data) == sum(point["Sum"] for point in points)
    return sum(data)
