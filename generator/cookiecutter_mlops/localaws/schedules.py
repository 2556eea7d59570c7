"""When a schedule expression is due: cron of six fields, rate and at, in a time zone; and what repeats by one.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import logging
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from aws_croniter import AwsCroniter
from aws_croniter.exceptions import AwsCroniterExpressionError

from cookiecutter_mlops.localaws import clock

log = logging.getLogger(__name__)

_FORM = re.compile(r"(cron|rate|at)\((.*)\)")
_RATE = re.compile(r"([1-9]\d*) (minute|hour|day)(s?)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_CAUGHT_UP = 1000  # times that are made good after the clock was moved


class Expression:
    """A schedule expression; raises ValueError for one that AWS does not take."""

    def __init__(self, text: str, timezone: str = "UTC", anchor: float = 0) -> None:
        """`anchor` is the moment from which rates count."""
        form = _FORM.fullmatch(text)
        if not form:
            raise ValueError(text)
        self.text, (self.kind, self.inner) = text, form.groups()
        self.zone, self.anchor = ZoneInfo(timezone), anchor
        {"cron": self._cron, "rate": self._rate, "at": self._at}[self.kind]()

    def after(self, moment: float) -> float | None:
        """Return the first time later than a moment (seconds since 1970), or None if there is none."""
        if self.kind == "at":
            return self.once if self.once > moment else None
        if self.kind == "rate":
            return self.anchor + self.seconds * (max(0, (moment - self.anchor) // self.seconds) + 1)
        return self._next(moment)

    def _cron(self) -> None:
        try:
            self.cron = AwsCroniter(self.inner)
            self.cron.get_next(datetime(2026, 1, 1, tzinfo=UTC))  # some of what it cannot do shows only here
        except (AwsCroniterExpressionError, ValueError) as error:
            raise ValueError(str(error)) from None

    def _rate(self) -> None:
        parts = _RATE.fullmatch(self.inner)
        if not parts or (parts[1] == "1") == bool(parts[3]):  # 1 minute, but 5 minutes
            raise ValueError(self.inner)
        self.seconds = int(parts[1]) * _SECONDS[parts[2]]

    def _at(self) -> None:
        local = datetime.strptime(self.inner, "%Y-%m-%dT%H:%M:%S")
        self.once = local.replace(tzinfo=self.zone).timestamp()

    def _next(self, moment: float) -> float | None:
        """Find the next time on the zone's own clock; one that daylight saving leaves out does not happen."""
        local = datetime.fromtimestamp(moment, self.zone).replace(tzinfo=UTC)
        while found := self.cron.get_next(local, 1)[0]:
            real = found.replace(tzinfo=self.zone).timestamp()
            exists = datetime.fromtimestamp(real, self.zone).replace(tzinfo=UTC) == found
            if exists and real > moment:
                return real
            local = found if found > local else local + timedelta(minutes=1)
        return None


class Recurrence:
    """Calls a function at each time of an expression, with that time, while `lives` says so.

    Times that passed when the clock was moved are made good in their order, up to a thousand; those that passed while
    the embedded AWS was down are left out, but for a single one, which is late.
    """

    def __init__(
        self,
        expression: Expression,
        fire: Callable[[float], object],
        lives: Callable[[], bool],
        start: float = 0,
        end: float | None = None,
        done: Callable[[], object] | None = None,
    ) -> None:
        self.expression, self.fire, self.lives, self.end, self.done = expression, fire, lives, end, done
        self._missed = 0
        self._stopped = threading.Event()
        now = clock.time()
        self._arm(max(now, start - 1) if expression.kind != "rate" or start > now else now)

    def stop(self) -> None:
        self._stopped.set()

    def _arm(self, moment: float) -> None:
        due = self.expression.after(moment)
        if due is None or (self.end is not None and due > self.end):
            if self.done:
                self.done()
        else:
            clock.at(due, partial(self._due, due))

    def _due(self, due: float) -> None:
        if self._stopped.is_set() or not self.lives():
            return
        now = clock.time()
        if due < clock.resumed() and self.expression.kind != "at":
            log.warning("%s: what was due while the embedded AWS was down is left out", self.expression.text)
            self._arm(now)
            return
        self._missed = self._missed + 1 if now - due > 60 else 0
        if self._missed > _CAUGHT_UP:
            log.warning("More than %d times passed at once: the others are left out", _CAUGHT_UP)
            self._arm(now)
            return
        try:
            self.fire(due)
        finally:
            self._arm(due)
