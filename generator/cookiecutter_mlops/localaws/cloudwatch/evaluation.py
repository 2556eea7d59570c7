"""In which state an alarm is, from its datapoints: N of M, with a rule for what is missing.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.cloudwatch.expressions import Points, evaluate
from cookiecutter_mlops.localaws.cloudwatch.series import Key, Series, Unsupported

_BEYOND = 2  # periods that CloudWatch looks at beyond the M that it needs, when some of those are missing
_COMPARE: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class Verdict:
    """A state, with the reason and the figures that CloudWatch tells with it."""

    state: str
    reason: str
    data: dict[str, Any] = field(default_factory=dict)


def judge(alarm: Any, series: Mapping[Key, Series], now: float) -> Verdict:
    """Evaluate a metric alarm at a moment; raises Unsupported for what is not computed here."""
    if alarm.comparison_operator not in _COMPARE:
        raise Unsupported(f"the comparison {alarm.comparison_operator}")
    compare, words = _COMPARE[alarm.comparison_operator]
    period, wanted = _period(alarm), int(alarm.evaluation_periods)
    end = now - now % min(60, period)
    grid = [end - period * number for number in range(wanted + _BEYOND, 0, -1)]
    points = _points(alarm, series, grid, period)
    existing = [at for at in grid if at in points]
    used = existing[-wanted:]
    breaching = sum(compare(points[at], float(alarm.threshold)) for at in used)
    needed = int(alarm.datapoints_to_alarm or wanted)
    state = _state(alarm, breaching, len(used), wanted - len(used), needed)
    values = [points[at] for at in used]
    return Verdict(state, _reason(alarm, state, values, breaching, words), _data(alarm, grid, used, values, period))


def _state(alarm: Any, breaching: int, existing: int, missing: int, needed: int) -> str:
    treatment = alarm.treat_missing_data or "missing"
    if treatment == "breaching":
        breaching += missing
    if breaching >= needed:
        return "ALARM"
    if not missing or treatment in ("breaching", "notBreaching") or (existing and breaching < existing):
        return "OK"
    if treatment == "ignore":
        return alarm.state_value
    return "ALARM" if existing else "INSUFFICIENT_DATA"


def _period(alarm: Any) -> int:
    queries = alarm.metric_data_queries
    periods = [query.metric_stat.period if query.metric_stat else query.period for query in queries] or [alarm.period]
    return max(int(period) for period in periods if period)


def _points(alarm: Any, series: Mapping[Key, Series], grid: list[float], period: int) -> Points:
    """Return the values that the alarm compares: of its metric, or of the query that returns data."""
    if not alarm.metric_data_queries:
        named = frozenset((dimension.name, dimension.value) for dimension in alarm.dimensions)
        found = series.get((alarm.namespace, alarm.metric_name, named))
        return _of(found, alarm.statistic or alarm.extended_statistic, grid, period, alarm.unit)
    metrics: dict[str, Points] = {}
    expressions = [query for query in alarm.metric_data_queries if not query.metric_stat]
    for query in alarm.metric_data_queries:
        if stat := query.metric_stat:
            named = frozenset((dimension.name, dimension.value) for dimension in stat.metric.dimensions)
            found = series.get((stat.metric.namespace, stat.metric.metric_name, named))
            metrics[query.id] = _of(found, stat.stat, grid, period, stat.unit)
    for query in expressions:
        metrics[query.id] = evaluate(query.expression, dict(metrics), grid, period)
    return metrics[_returned(alarm)]


def _returned(alarm: Any) -> str:
    """Return the id of the one query whose value is compared; ReturnData is true unless it is said to be false."""
    returned = [query.id for query in alarm.metric_data_queries if query.return_data is not False]
    return returned[-1]


def _of(series: Series | None, name: str, grid: list[float], period: int, unit: str | None) -> Points:
    found = {at: series.statistic(name, at, at + period, unit) for at in grid} if series else {}
    return {at: value for at, value in found.items() if value is not None}


def _reason(alarm: Any, state: str, values: list[float], breaching: int, words: str) -> str:
    if not values:
        treatment = {"notBreaching": "[NonBreaching]", "breaching": "[Breaching]"}.get(alarm.treat_missing_data, "")
        start = "Threshold Crossed" if treatment else "Insufficient Data"
        return f"{start}: no datapoints were received for {alarm.evaluation_periods} periods" + (
            f" and {alarm.evaluation_periods} missing datapoints were treated as {treatment}." if treatment else "."
        )
    shown = ", ".join(f"{value:g}" for value in reversed(values))
    count, of = (breaching, len(values)) if state == "ALARM" else (len(values) - breaching, len(values))
    word = "was" if count == 1 else "were"
    negation = "" if state == "ALARM" else "not "
    return (
        f"Threshold Crossed: {count} out of the last {of} datapoints [{shown}] {word} {negation}{words} "
        f"the threshold ({float(alarm.threshold):g})."
    )


def _data(alarm: Any, grid: list[float], used: list[float], values: list[float], period: int) -> dict[str, Any]:
    return {
        "version": "1.0",
        "queryDate": clock.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "startDate": clock.iso((used or grid)[0]).replace("Z", ".000+0000"),
        "period": period,
        "recentDatapoints": values,
        "threshold": float(alarm.threshold),
    } | ({"statistic": alarm.statistic or alarm.extended_statistic} if not alarm.metric_data_queries else {})
