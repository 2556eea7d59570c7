"""Schedules that are refused where AWS refuses them, and fire where it would."""

import json
import uuid
import zlib
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.scheduler import models as moto_models
from moto.scheduler.exceptions import ValidationException

from cookiecutter_mlops.localaws import clock, delivery
from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.schedules import Expression, Recurrence


class Schedule(moto_models.Schedule):
    """A schedule; it lives while its group knows it."""

    def __init__(self, region: str, account_id: str, **settings: Any) -> None:
        self.account, self.region = account_id, region
        super().__init__(region=region, account_id=account_id, **settings)
        self.restart()

    def update(self, **settings: Any) -> None:  # type: ignore[override]
        super().update(**settings)
        self.restart()

    def restart(self) -> None:
        """Count from now on by what the schedule says now."""
        if earlier := getattr(self, "recurrence", None):
            earlier.stop()
        self.state = self.state or "ENABLED"
        if self.state == "DISABLED":
            return
        start, end = _seconds(self.start_date), _seconds(self.end_date)
        zone = self.schedule_expression_timezone
        expression = Expression(self.schedule_expression, zone, anchor=_anchor(self.schedule_expression, start))
        self.recurrence = Recurrence(expression, self._due, self._lives, start or 0, end, self._done)

    def _backend(self) -> Any:
        return moto_models.scheduler_backends[self.account][self.region]

    def _lives(self) -> bool:
        group = self._backend().schedule_groups.get(self.group_name)
        return bool(group) and group.schedules.get(self.name) is self

    def _due(self, moment: float) -> None:
        """Fire, or wait for a moment within the flexible window: always the same one for the same time."""
        window = self.flexible_time_window
        width = 60 * int(window.get("MaximumWindowInMinutes") or 0) if window["Mode"] == "FLEXIBLE" else 0
        late = zlib.crc32(f"{self.arn} {moment}".encode()) % width if width else 0
        clock.at(moment + late, partial(self._fire, moment)) if late else self._fire(moment)

    def _fire(self, moment: float) -> None:
        sender = delivery.Sender("scheduler.amazonaws.com", self.arn, self.target["RoleArn"])
        delivery.deliver(sender, self.target, self._input(moment))

    def _input(self, moment: float) -> str:
        """Return the target's input with the schedule's facts in it, or the event that AWS makes without one."""
        facts = {
            "schedule-arn": self.arn,
            "scheduled-time": clock.iso(moment),
            "execution-id": str(uuid.uuid4()),
            "attempt-number": "1",
        }
        text = self.target.get("Input")
        for name, value in facts.items():
            text = text.replace(f"<aws.scheduler.{name}>", value) if text else text
        if text:
            return text
        event = {"version": "0", "id": facts["execution-id"], "detail-type": "Scheduled Event"}
        event |= {"source": "aws.scheduler", "account": self.account, "time": facts["scheduled-time"]}
        return json.dumps(event | {"region": self.region, "resources": [self.arn], "detail": "{}"})

    def _done(self) -> None:
        if self.action_after_completion == "DELETE" and self._lives():
            self._backend().delete_schedule(self.group_name, self.name)


class SchedulerBackend(moto_models.EventBridgeSchedulerBackend):
    """moto's schedules, checked as AWS does, and fired by the clock."""

    def create_schedule(self, **settings: Any) -> moto_models.Schedule:  # type: ignore[override]
        self.get_schedule_group(settings["group_name"])
        _check(settings)
        return super().create_schedule(**settings)

    def update_schedule(self, **settings: Any) -> moto_models.Schedule:  # type: ignore[override]
        self.get_schedule(settings["group_name"], settings["name"])
        _check(settings)
        return super().update_schedule(**settings)


def _check(settings: dict[str, Any]) -> None:
    """Refuse what AWS refuses, and targets that would not be called here."""
    zone = settings["schedule_expression_timezone"] or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError):
        raise ValidationException(f"Invalid Schedule Expression Timezone {zone}.") from None
    try:
        Expression(settings["schedule_expression"], zone)
    except ValueError:
        raise ValidationException(f"Invalid Schedule Expression {settings['schedule_expression']}.") from None
    start, end = _seconds(settings["start_date"]), _seconds(settings["end_date"])
    if end is not None and end <= (start or clock.time()):
        raise ValidationException("The EndDate you specify must come after the StartDate and be in the future.")
    window, target = settings["flexible_time_window"], settings["target"]
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise ValidationException("A flexible time window needs MaximumWindowInMinutes, and one that is OFF has none.")
    if not delivery.reaches(target["Arn"]):
        raise NotEmulated(f"schedules with the target {target['Arn']}")


def _anchor(text: str, start: float | None) -> float:
    """Return the moment from which rates count: one interval before the start date, or else now."""
    return start - Expression(text).seconds if start and text.startswith("rate") else clock.time()


def _seconds(date: Any) -> float | None:
    return None if date is None else float(date)
