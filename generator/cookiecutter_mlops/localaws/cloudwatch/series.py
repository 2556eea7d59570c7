"""Datapoints of metrics, in the order of their time, and the statistics of a window of them."""

import bisect
import threading
from collections.abc import Iterable
from dataclasses import dataclass

Key = tuple[str, str, frozenset[tuple[str, str]]]  # namespace, name, dimensions
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_KEPT = 100_000  # newest datapoints of one metric


class Unsupported(Exception):
    """A statistic or expression that the embedded AWS does not compute; the text names it."""


@dataclass(frozen=True)
class Datum:
    """One value, or a statistic set of several: then `low` and `high` are what is known of the values."""

    low: float
    high: float
    total: float
    count: float
    unit: str | None = None


class Series:
    """One metric."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._data: list[Datum] = []
        self._lock = threading.Lock()

    def add(self, moment: float, datum: Datum) -> None:
        with self._lock:
            at = bisect.bisect_right(self._times, moment)
            self._times.insert(at, moment)
            self._data.insert(at, datum)
            if len(self._times) > _KEPT:
                del self._times[0], self._data[0]

    def statistic(self, name: str, start: float, end: float, unit: str | None = None) -> float | None:
        """Return a statistic of what was measured from `start` until before `end`, or None if nothing was."""
        with self._lock:
            window = self._data[bisect.bisect_left(self._times, start) : bisect.bisect_left(self._times, end)]
        return statistic(name, [datum for datum in window if unit in (None, datum.unit)])

    def unit(self) -> str:
        return self._data[-1].unit or "None"


def statistic(name: str, data: list[Datum]) -> float | None:
    """Return a statistic or a percentile (`p99`) of some data, None without any; Unsupported if it is another."""
    if not data:
        return None
    count, total = sum(datum.count for datum in data), sum(datum.total for datum in data)
    if name == "Average":
        return total / count if count else None
    if name in STATISTICS:
        lowest, highest = min(datum.low for datum in data), max(datum.high for datum in data)
        return {"SampleCount": count, "Sum": total, "Minimum": lowest, "Maximum": highest}[name]
    if name.startswith("p") and name[1:].replace(".", "", 1).isdigit():
        return _percentile(float(name[1:]), data)
    raise Unsupported(f"the statistic {name}")


def _percentile(percent: float, data: Iterable[Datum]) -> float | None:
    """Interpolate between the two nearest values; a statistic set has a percentile only if all its values are equal."""
    values = sorted(datum.low for datum in data if datum.low == datum.high for _ in range(max(1, round(datum.count))))
    if not values:
        return None
    at = (len(values) - 1) * percent / 100
    low = int(at)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (at - low)
