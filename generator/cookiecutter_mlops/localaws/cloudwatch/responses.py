"""CloudWatch's requests: statistics with percentiles, metric math, composite alarms and the history of alarms."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch import responses as moto_responses
from moto.core.responses import ActionResult

from cookiecutter_mlops.localaws.cloudwatch.expressions import Points, evaluate
from cookiecutter_mlops.localaws.cloudwatch.series import Series, Unsupported
from cookiecutter_mlops.localaws.extension import NotEmulated

_KINDS = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms"}


class CloudWatchResponse(moto_responses.CloudWatchResponse):
    @property
    def backend(self) -> Any:
        return self.cloudwatch_backend

    def put_composite_alarm(self) -> ActionResult:
        if self._get_param("ActionsSuppressor"):
            raise NotEmulated("composite alarms with an ActionsSuppressor")
        return self.put_metric_alarm()

    def describe_alarms(self) -> ActionResult:
        """Return the alarms that all given filters leave; composite ones only when they are asked for."""
        names, prefix = self._get_param("AlarmNames", []), self._get_param("AlarmNamePrefix", "")
        state, action = self._get_param("StateValue"), self._get_param("ActionPrefix", "")
        found = [
            alarm
            for alarm in self.backend.describe_alarms()
            if (not names or alarm.name in names)
            and alarm.name.startswith(prefix)
            and state in (None, alarm.state_value)
            and (not action or any(arn.startswith(action) for arn in alarm.alarm_actions))
        ]
        kinds = {kind: [a for a in found if bool(a.rule) == (kind == "CompositeAlarm")] for kind in _KINDS}
        wanted = self._get_param("AlarmTypes") or ["MetricAlarm"]
        return ActionResult({_KINDS[kind]: alarms for kind, alarms in kinds.items() if kind in wanted})

    def describe_alarm_history(self) -> ActionResult:
        name = self._get_param("AlarmName")
        items = [
            {"AlarmName": alarm.name, "HistoryItemType": "StateUpdate", "Timestamp": at, "HistorySummary": reason}
            for alarm in self.backend.describe_alarms()
            if name in (None, alarm.name)
            for _, reason, _, _, at in [*alarm.history, ("", alarm.state_reason, "", "", alarm.state_updated_timestamp)]
        ]
        return ActionResult({"AlarmHistoryItems": sorted(items, key=lambda item: item["Timestamp"], reverse=True)})

    def get_metric_statistics(self) -> ActionResult:
        series, period = self._series(self._get_params()), self._get_int_param("Period")
        if not series:
            return super().get_metric_statistics()
        named, more = self._get_param("Statistics", []), self._get_param("ExtendedStatistics", [])
        points = []
        for at in _grid(self._get_param("StartTime"), self._get_param("EndTime"), period):
            values = {name: series.statistic(name, at, at + period) for name in [*named, *more]}
            if any(value is not None for value in values.values()):
                point: dict[str, Any] = {"Timestamp": datetime.fromtimestamp(at, UTC), "Unit": series.unit()}
                points.append(point | {name: values[name] for name in named})
                points[-1] |= {"ExtendedStatistics": {name: values[name] for name in more}} if more else {}
        return ActionResult({"Label": self._get_param("MetricName"), "Datapoints": points})

    def get_metric_data(self) -> ActionResult:
        params = self._get_params()
        queries = params["MetricDataQueries"]
        try:
            results = list(self._results(queries, params["StartTime"], params["EndTime"]))
        except Unsupported as error:
            raise NotEmulated(f"{error} in GetMetricData") from None
        order = -1 if params.get("ScanBy", "TimestampDescending") == "TimestampDescending" else 1
        returned = [
            {
                "Id": query["Id"],
                "Label": query.get("Label") or query["Id"],
                "Timestamps": [datetime.fromtimestamp(at, UTC) for at in sorted(points)[::order]],
                "Values": [points[at] for at in sorted(points)[::order]],
                "StatusCode": "Complete",
            }
            for query, points in results
            if query.get("ReturnData", True)
        ]
        return ActionResult({"MetricDataResults": returned})

    def _results(self, queries: list[dict[str, Any]], start: datetime, end: datetime) -> Iterator[tuple[Any, Points]]:
        """Yield each query with its points; expressions see the metrics, and the expressions before them."""
        metrics: dict[str, Points] = {}
        periods = [int(query["MetricStat"]["Period"]) for query in queries if "MetricStat" in query]
        for query in sorted(queries, key=lambda query: "Expression" in query):
            period = int(query.get("Period") or query.get("MetricStat", {}).get("Period") or max(periods, default=60))
            grid = list(_grid(start, end, period))
            if stat := query.get("MetricStat"):
                series = self._series(stat["Metric"])
                found = {at: series.statistic(stat["Stat"], at, at + period, stat.get("Unit")) for at in grid if series}
                points = {at: value for at, value in found.items() if value is not None}
            else:
                points = evaluate(query["Expression"], dict(metrics), grid, period)
            metrics[query["Id"]] = points
            yield query, points

    def _series(self, metric: dict[str, Any]) -> Series | None:
        pairs = frozenset((pair["Name"], pair["Value"]) for pair in metric.get("Dimensions") or [])
        return self.backend.series.get((metric.get("Namespace"), metric.get("MetricName"), pairs))


def _grid(start: datetime, end: datetime, period: int) -> Iterator[float]:
    """Yield the starts of the periods from `start`, rounded down, until before `end`."""
    first, last = (moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() for moment in (start, end))
    at = first - first % period
    while at < last:
        yield at
        at += period
