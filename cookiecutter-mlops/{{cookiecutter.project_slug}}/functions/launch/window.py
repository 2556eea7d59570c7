"""Whole hours of traffic: the windows of a day follow each other from midnight (UTC), so each moment has one window."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

HOUR = "%Y-%m-%dT%H"


class WindowError(ValueError):
    """There is no such window; the text is a sentence."""


@dataclass(frozen=True)
class Window:
    """`hours` hours from `start`; `complete` when they were over at the time of asking."""

    start: datetime
    hours: int
    complete: bool

    @property
    def end(self) -> datetime:
        return self.start + timedelta(hours=self.hours)

    @property
    def title(self) -> str:
        return f"{self.start:{HOUR}} to {self.end:{HOUR}}"

    def prefixes(self, uri: str) -> list[str]:
        """The exact hours under a prefix, a day as one: SageMaker gives a job at most ten inputs."""
        if self.hours == 24:
            return [f"{uri}{self.start:%Y/%m/%d/}"]
        return [f"{uri}{self.start + timedelta(hours=hour):%Y/%m/%d/%H/}" for hour in range(self.hours)]

    def days(self, uri: str, before: int) -> list[str]:
        """The days under a prefix from `before` days ago up to the end: where history and late labels are."""
        moment = self.end if self.complete else self.end + timedelta(days=1)
        return [f"{uri}{moment - timedelta(days=day):%Y/%m/%d/}" for day in range(before, -1, -1)]


def wanted(event: dict[str, Any], hours: int) -> Window:
    """The window that an event asks for: the one named, or the newest whole one before its time."""
    now = _time(event["time"]) if event.get("time") else datetime.now(UTC)
    if event.get("window"):
        start = aligned(_hour(event["window"]), hours)
    else:
        start = aligned(now, hours) - timedelta(hours=hours)
    return Window(start, hours, complete=start + timedelta(hours=hours) <= now)


def aligned(moment: datetime, hours: int) -> datetime:
    """The beginning of the window that a moment lies in."""
    return moment.replace(hour=moment.hour - moment.hour % hours, minute=0, second=0, microsecond=0)


def _hour(text: str) -> datetime:
    try:
        return datetime.strptime(text, HOUR).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        raise WindowError(f"window: must be an hour such as 2026-01-02T03 (got: {text!r}).") from None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
