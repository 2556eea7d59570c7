"""What an alarm tells when its state changes: an event for EventBridge, a message for SNS, an event for Lambda."""

import json
from typing import Any

from cookiecutter_mlops.localaws import clock


def moment() -> str:
    """Return the clock's time as CloudWatch's events have it."""
    return clock.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def state(alarm: Any) -> dict[str, Any]:
    """Describe the state that an alarm has now."""
    described = {"value": alarm.state_value, "reason": alarm.state_reason}
    if alarm.state_reason_data and alarm.state_reason_data != "{}":
        described["reasonData"] = alarm.state_reason_data
    return described | {"timestamp": f"{alarm.state_updated_timestamp:%Y-%m-%dT%H:%M:%S.000+0000}"}


def event_detail(alarm: Any, previous: dict[str, Any]) -> dict[str, Any]:
    """Return the detail of a state change; `previous` is what `state` told before it."""
    return {
        "alarmName": alarm.name,
        "state": state(alarm),
        "previousState": previous,
        "configuration": configuration(alarm),
    }


def configuration(alarm: Any) -> dict[str, Any]:
    """Describe what an alarm watches: a rule, a metric, or metric math."""
    described = {"description": alarm.description} if alarm.description else {}
    if alarm.rule:
        return described | {"alarmRule": alarm.rule}
    if not alarm.metric_data_queries:
        stat = alarm.statistic or alarm.extended_statistic
        metric = _metric(alarm.namespace, alarm.metric_name, alarm.dimensions)
        stated = {"metric": metric, "period": int(alarm.period), "stat": stat}
        return described | {"metrics": [{"id": "m1", "metricStat": stated, "returnData": True}]}
    return described | {"metrics": [_query(query) for query in alarm.metric_data_queries]}


def _query(query: Any) -> dict[str, Any]:
    described = {"id": query.id, "returnData": query.return_data is not False}
    if query.label:
        described["label"] = query.label
    if not query.metric_stat:
        return described | {"expression": query.expression}
    found = query.metric_stat
    metric = _metric(found.metric.namespace, found.metric.metric_name, found.metric.dimensions)
    return described | {"metricStat": {"metric": metric, "period": int(found.period), "stat": found.stat}}


def _metric(namespace: str, name: str, dimensions: list[Any]) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, "dimensions": {item.name: item.value for item in dimensions}}


def message(alarm: Any, account: str, previous: str) -> str:
    """Return the message that an SNS topic gets, and by e-mail its subscribers."""
    described: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": f"{alarm.configuration_updated_timestamp:%Y-%m-%dT%H:%M:%S.000+0000}",
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": moment(),
        "Region": alarm.region_name,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": previous,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
    }
    return json.dumps(described | ({"AlarmRule": alarm.rule} if alarm.rule else {"Trigger": _trigger(alarm)}))


def _trigger(alarm: Any) -> dict[str, Any]:
    shared = {
        "EvaluationPeriods": int(alarm.evaluation_periods),
        "DatapointsToAlarm": int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": float(alarm.threshold),
        "TreatMissingData": alarm.treat_missing_data or "missing",
    }
    if alarm.metric_data_queries:
        return shared | {"Metrics": configuration(alarm)["metrics"]}
    dimensions = [{"name": item.name, "value": item.value} for item in alarm.dimensions]
    named = {"Namespace": alarm.namespace, "MetricName": alarm.metric_name, "Dimensions": dimensions}
    stat = alarm.statistic or alarm.extended_statistic
    return shared | named | {"Statistic": stat, "Period": int(alarm.period), "Unit": alarm.unit}


def function_event(alarm: Any, account: str, previous: dict[str, Any]) -> str:
    """Return the event with which an alarm calls a function."""
    data = {"alarmName": alarm.name, "state": state(alarm), "previousState": previous}
    described = {"source": "aws.cloudwatch", "alarmArn": alarm.alarm_arn, "accountId": account, "time": moment()}
    return json.dumps(
        described | {"region": alarm.region_name, "alarmData": data | {"configuration": configuration(alarm)}}
    )
