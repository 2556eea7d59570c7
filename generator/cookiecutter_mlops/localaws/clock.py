"""The one clock of the embedded AWS: real time, unless somebody moves it forward or lets it run faster.

Whatever is driven by time (schedules, alarm periods, retries, visibility, canaries) reads this clock and waits on it,
so that a test of a week takes a second. moto reads it too.
"""

import contextlib
import heapq
import itertools
import logging
import re
import threading
import time as real
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger(__name__)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PART = r"(\d+(?:\.\d+)?)([smhd])"
_END = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_THREADS = 16  # actions that are due run in these; the others wait in line
_FASTEST = 86400  # a day per second


class Clock:
    """A clock with timers. All moments are seconds since 1970 on this clock."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rate = 1.0
        self._real_then = self._then = real.time()
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._workers = ThreadPoolExecutor(_THREADS, "clock")
        self._thread: threading.Thread | None = None
        self.resumed = 0.0  # when it went on after a snapshot

    def time(self) -> float:
        return self._then + (real.time() - self._real_then) * self._rate

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    @property
    def rate(self) -> float:
        """Seconds of this clock per real second."""
        return self._rate

    @property
    def ahead(self) -> float:
        """Seconds by which this clock is ahead of real time."""
        return self.time() - real.time()

    def move(self, *, advance: float = 0, to: float | None = None, rate: float | None = None) -> None:
        """Move the clock forward, or change its rate; everybody who waits on it looks again.

        Raises ValueError for a move into the past, which no AWS service expects, and for a rate out of range.
        """
        with self._changed:
            now = self.time()
            target = to if to is not None else now + advance
            if not now <= target < _END:
                asked = f"it is {iso(now)}, asked for {target - now:+.0f} s"
                raise ValueError(f"clock: it only moves forward, up to the year 9999 ({asked})")
            if rate is not None and not 0 < rate <= _FASTEST:
                raise ValueError(f"rate: a number above 0 and up to {_FASTEST}, for example 60 (got: {rate:g})")
            self._real_then, self._then, self._rate = real.time(), target, rate or self._rate
            self._changed.notify_all()

    def sleep(self, seconds: float) -> None:
        """Wait until this clock is `seconds` further."""
        deadline = self.time() + seconds
        with self._changed:
            while (left := deadline - self.time()) > 0:
                self._changed.wait(left / self._rate)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event for `seconds` of this clock at most; return whether it happened."""
        deadline = self.time() + seconds
        while not event.is_set() and (left := deadline - self.time()) > 0:
            event.wait(min(0.05, left / self._rate))  # in steps, for the clock may be moved meanwhile
        return event.is_set()

    def snapshot(self) -> dict[str, Any]:
        """Return how far ahead it is, and the timers that wait; `restore` takes them back, at the normal rate."""
        waiting = [(timer.moment, timer.action) for _, _, timer in sorted(self._timers) if not timer.cancelled]
        return {"ahead": self.ahead, "timers": waiting}

    def restore(self, kept: dict[str, Any]) -> None:
        self._real_then = real.time()
        self._then = self.resumed = self._real_then + kept["ahead"]
        for moment, action in kept["timers"]:
            self.at(moment, action)

    def at(self, moment: float, action: Callable[[], object]) -> "Timer":
        """Run an action, in a thread of the clock's, as soon as the moment has come; the earliest first."""
        timer = Timer(moment, action)
        with self._changed:
            heapq.heappush(self._timers, (moment, next(self._numbers), timer))
            if not self._thread:
                self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return timer

    def after(self, seconds: float, action: Callable[[], object]) -> "Timer":
        return self.at(self.time() + seconds, action)

    def _run(self) -> None:
        while True:
            with contextlib.suppress(RuntimeError):  # the interpreter ends, and takes no more work
                self._workers.submit(self._next().run)

    def _next(self) -> "Timer":
        """Wait for the earliest timer and return it."""
        with self._changed:
            while not self._timers or (left := self._timers[0][0] - self.time()) > 0:
                self._changed.wait(left / self._rate if self._timers else None)
            return heapq.heappop(self._timers)[2]


class Timer:
    """An action that waits for its moment, unless it is cancelled."""

    def __init__(self, moment: float, action: Callable[[], object]) -> None:
        self.moment, self.action, self.cancelled = moment, action, False

    def cancel(self) -> None:
        self.cancelled = True

    def run(self) -> None:
        if self.cancelled:
            return
        try:
            self.action()
        except Exception:
            log.exception("What was due at %s failed", iso(self.moment))


_CLOCK = Clock()
time, now, sleep, wait, at, after, move = (
    _CLOCK.time,
    _CLOCK.now,
    _CLOCK.sleep,
    _CLOCK.wait,
    _CLOCK.at,
    _CLOCK.after,
    _CLOCK.move,
)


def ahead() -> float:
    """Return the seconds by which the clock is ahead of real time."""
    return _CLOCK.ahead


def resumed() -> float:
    """Return when the embedded AWS went on from a snapshot, or 0 if it did not."""
    return _CLOCK.resumed


def iso(moment: float) -> str:
    """Return a moment, in seconds since 1970, as `2026-01-02T03:04:05Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(duration: str | float) -> float:
    """Return the seconds of `90`, `90s`, `15m`, `1h30m` or `7d`; raise ValueError for anything else."""
    text = str(duration).strip()
    parts = re.findall(_PART, text if text[-1:] in _UNITS else f"{text}s")
    if not parts or text.removesuffix("s") != "".join(number + unit for number, unit in parts).removesuffix("s"):
        raise ValueError(f"duration: a number with s, m, h or d, for example 1h30m (got: {duration!r})")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def moment(text: str) -> float:
    """Return the seconds since 1970 of an ISO time such as 2026-12-01T06:00Z; without a zone it is UTC."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"time: ISO 8601, for example 2026-12-01T06:00:00Z (got: {text!r})") from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def state() -> dict[str, Any]:
    """Return what the clock shows, as `/_embedded/clock` answers it."""
    return {"now": iso(_CLOCK.time()), "rate": _CLOCK.rate, "ahead_seconds": round(max(0.0, _CLOCK.ahead), 3)}


def change(request: dict[str, Any]) -> dict[str, Any]:
    """Move the clock as a request to `/_embedded/clock` says: `advance`, `set` and `rate`, each as text or number."""
    if unknown := request.keys() - {"advance", "set", "rate"}:
        raise ValueError(f"clock: knows advance, set and rate (got: {', '.join(sorted(unknown))})")
    _CLOCK.move(
        advance=seconds(request.get("advance", 0)),
        to=moment(request["set"]) if "set" in request else None,
        rate=float(request["rate"]) if "rate" in request else None,
    )
    return state()


def install() -> None:
    """Give moto this clock; works for the services that are imported afterwards, which take the function's value."""
    from moto.core import utils

    from cookiecutter_mlops.localaws import snapshot

    snapshot.part("clock", _CLOCK.snapshot, _CLOCK.restore)

    utils.utcnow = lambda: now().replace(tzinfo=None)
