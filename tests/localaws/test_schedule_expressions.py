"""Expressions of schedules give their times: cron, rate and at, in their time zones."""

from datetime import UTC, datetime

import pytest

from cookiecutter_mlops.localaws.schedules import Expression

# Expression, time zone, a moment, and the times that follow it, in UTC.
TIMES = [
    ("cron(0 10 * * ? *)", "UTC", "2026-11-25T16:00", ["2026-11-26T10:00", "2026-11-27T10:00"]),
    ("cron(0/15 8-9 ? * MON-FRI *)", "UTC", "2026-11-27T09:40", ["2026-11-27T09:45", "2026-11-30T08:00"]),
    ("cron(30 9 L * ? *)", "UTC", "2027-01-31T09:30", ["2027-02-28T09:30"]),
    ("cron(0 9 ? * 2#1 *)", "UTC", "2026-12-01T00:00", ["2026-12-07T09:00", "2027-01-04T09:00"]),
    ("cron(0 9 15W * ? *)", "UTC", "2027-05-01T00:00", ["2027-05-14T09:00"]),
    ("cron(0 0 1 1 ? 2030)", "UTC", "2026-11-25T16:00", ["2030-01-01T00:00", None]),
    ("cron(0 6 * * ? *)", "Europe/Berlin", "2027-03-27T00:00", ["2027-03-27T05:00", "2027-03-28T04:00"]),
    ("cron(30 2 * * ? *)", "Europe/Berlin", "2027-03-27T12:00", ["2027-03-29T00:30"]),  # 02:30 is left out on the 28th
    ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),  # once
    ("rate(90 minutes)", "UTC", "2026-11-25T16:00", ["2026-11-25T17:00", "2026-11-25T18:30"]),
    ("rate(1 day)", "UTC", "2026-11-25T16:00", ["2026-11-26T14:00"]),
    ("at(2026-12-01T08:00:00)", "America/New_York", "2026-11-25T16:00", ["2026-12-01T13:00", None]),
]
ANCHOR = datetime(2026, 11, 25, 14, tzinfo=UTC).timestamp()


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(("text", "zone", "start", "expected"), TIMES)
def test_expression_gives_its_times(text: str, zone: str, start: str, expected: list[str | None]) -> None:
    expression, moment, found = Expression(text, zone, ANCHOR), utc(start), []
    for _ in expected:
        following = expression.after(moment)
        found.append(following and datetime.fromtimestamp(following, UTC).strftime("%Y-%m-%dT%H:%M"))
        moment = following or moment
    assert found == expected
