"""CloudWatch Logs: lines that carry metrics become metrics, and a metric filter put again replaces the earlier one."""

from typing import Any

from moto.logs import models
from moto.logs.metric_filters import MetricFilters

from cookiecutter_mlops.localaws import logfilters, metrics


class LogsBackend(models.LogsBackend):
    def put_log_events(
        self, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> tuple[str, dict[str, Any]]:
        answer = super().put_log_events(log_group_name, log_stream_name, log_events)
        lines = [event["message"] for event in log_events]
        metrics.from_log_lines(self.account_id, self.region_name, lines)
        for found in self.filters.get_matching_filters(log_group_name=log_group_name):
            logfilters.publish(self.account_id, self.region_name, found, lines)
        return answer


def install() -> None:
    from cookiecutter_mlops.localaws.extension import swap_backend

    moto_add_filter = MetricFilters.add_filter

    def add_filter(filters: MetricFilters, name: str, pattern: str, group: str, transformations: Any) -> None:
        logfilters.Pattern(pattern)  # refuses what it cannot match
        filters.delete_filter(name, group)
        moto_add_filter(filters, name, pattern, group, transformations)

    MetricFilters.add_filter = add_filter  # type: ignore[method-assign,assignment]
    swap_backend(models.logs_backends, LogsBackend)
