"""Metrics that parts of the embedded AWS publish, and those that log lines carry (the embedded metric format).

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from cookiecutter_mlops.localaws import clock


def publish(
    account: str,
    region: str,
    namespace: str,
    dimensions: Mapping[str, str],
    values: Mapping[str, float],
    units: Mapping[str, str] | None = None,
    moment: float | None = None,
) -> None:
    """Publish one datapoint of each metric in `values`, at a moment of the clock's (now), with units by name."""
    from moto.cloudwatch.models import cloudwatch_backends

    at = datetime.fromtimestamp(clock.time() if moment is None else moment, UTC)
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    data = [
        {"MetricName": name, "Dimensions": named, "Timestamp": at, "Unit": (units or {}).get(name), "Value": value}
        for name, value in values.items()
    ]
    cloudwatch_backends[account][region].put_metric_data(namespace, data)


def from_log_lines(account: str, region: str, lines: Iterable[str]) -> None:
    """Publish the metrics of the lines that are in the embedded metric format; all other lines are only logs."""
    from moto.cloudwatch.models import cloudwatch_backends

    for line in lines:
        for namespace, data in _embedded(line):
            cloudwatch_backends[account][region].put_metric_data(namespace, data)


def _embedded(line: str) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    """Yield namespace and data of each directive of a line; what is not valid is skipped, as CloudWatch does."""
    if not line.startswith("{") or '"_aws"' not in line:
        return
    try:
        document = json.loads(line)
        directives, stamp = document["_aws"]["CloudWatchMetrics"], document["_aws"]["Timestamp"] / 1000
        for directive in directives:
            yield directive["Namespace"], list(_data(document, directive, stamp))
    except (ValueError, KeyError, TypeError):
        return


def _data(document: dict[str, Any], directive: dict[str, Any], stamp: float) -> Iterable[dict[str, Any]]:
    for names in directive.get("Dimensions") or [[]]:
        dimensions = [{"Name": name, "Value": str(document[name])} for name in names]
        for metric in directive["Metrics"]:
            value = document[metric["Name"]]
            values = [float(item) for item in (value if isinstance(value, list) else [value])]
            at = datetime.fromtimestamp(stamp, UTC)
            datum = {"MetricName": metric["Name"], "Dimensions": dimensions, "Timestamp": at, "Values": values}
            yield datum | {"Unit": metric.get("Unit")}
