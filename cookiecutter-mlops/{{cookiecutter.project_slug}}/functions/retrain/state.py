"""What the gatekeeper remembers: one small document, and how it becomes an item of the table and back.

Times are seconds since 1970, by the table's clock.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

BY_PERSON = ("commit", "hand")  # people wait for these, so that they do not cool down
NEWEST = "newest"


@dataclass(frozen=True)
class Rules:
    """The project's limits, as Terraform sets them; all but the cap in seconds."""

    quiet: float  # without a new object, before data counts as complete; 0 where a manifest says so
    cool_down: float  # between the end of one run and an automatic start of the next
    daily_cap: int  # trainings that may start in a day (UTC)
    run_limit: float  # after which a run that nobody ended is forgotten


@dataclass(frozen=True)
class Work:
    """A wish to train: of which kind, and why; `count` wishes of a kind become one."""

    kind: str  # data, schedule, alarm, commit or hand
    reason: str
    requested_by: str = "events"
    data_version: str = NEWEST
    force: bool = False
    since: float = 0.0
    ready: float = 0.0  # before this it waits: more objects may come
    count: int = 1

    @property
    def title(self) -> str:
        return self.reason if self.count == 1 else f"{self.reason} and {self.count - 1} more"


@dataclass(frozen=True)
class Run:
    """An execution of the train pipeline that holds the lock; without `execution` it is still being started."""

    token: str
    works: tuple[Work, ...]
    expires: float
    execution: str | None = None
    admitted: bool = False  # it is in Train
    facts: dict[str, str] | None = None  # the code, settings and data that it trains

    @property
    def force(self) -> bool:
        return any(work.force for work in self.works)


@dataclass(frozen=True)
class State:
    """Everything the next decision depends on."""

    runs: tuple[Run, ...] = ()
    pending: tuple[Work, ...] = ()
    day: str = ""  # of `starts`, such as 2026-11-25
    starts: int = 0
    cool_until: float = 0.0
    paused: str = ""  # by whom
    stopped_until: float = 0.0  # the budget's alert
    last: dict[str, str] | None = None  # what the last successful training trained
    number: int = 0  # of runs ever started

    def run(self, execution: str) -> Run | None:
        return next((run for run in self.runs if run.execution == execution), None)

    def with_run(self, run: Run) -> "State":
        """Put a run into the place of the one with its token."""
        return replace(self, runs=(*(other for other in self.runs if other.token != run.token), run))

    def without(self, run: Run) -> "State":
        """Take a run out."""
        return replace(self, runs=tuple(other for other in self.runs if other.token != run.token))


def dump(state: State) -> str:
    """The state as DynamoDB keeps it."""
    return json.dumps(asdict(state))


def load(text: str) -> State:
    """The inverse of `dump`."""
    document: dict[str, Any] = json.loads(text)
    runs = [run | {"works": tuple(Work(**work) for work in run["works"])} for run in document["runs"]]
    document["runs"] = tuple(Run(**run) for run in runs)
    document["pending"] = tuple(Work(**work) for work in document["pending"])
    return State(**document)
