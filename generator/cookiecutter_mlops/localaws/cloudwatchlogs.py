"""CloudWatch Logs: a metric filter put again replaces the earlier one; moto's keeps both."""

from typing import Any

from moto.logs.metric_filters import MetricFilters


def install() -> None:
    moto_add_filter = MetricFilters.add_filter

    def add_filter(filters: MetricFilters, name: str, pattern: str, group: str, transformations: Any) -> None:
        filters.delete_filter(name, group)
        moto_add_filter(filters, name, pattern, group, transformations)

    MetricFilters.add_filter = add_filter  # type: ignore[method-assign,assignment]
