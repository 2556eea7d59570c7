"""The gatekeeper's decisions: what starts, what waits, what is refused."""

from typing import Any

import pytest

from functions.retrain import decide, state
from functions.retrain.state import Rules, Run, State, Work

NOON = 1_795_608_000.0  # 2026-11-25 12:00 UTC
RULES = Rules(quiet=0, cool_down=3600, daily_cap=3, run_limit=36000)
DATA = Work("data", "data raw/a/_SUCCESS")
FACTS = {"code_sha256": "c", "settings_sha256": "s", "data_version": "v2"}


def running(kind: str = "data", execution: str | None = "e1", **more: Any) -> State:
    return State(day="2026-11-25", starts=1, runs=(Run("t1", (Work(kind, kind),), NOON + 9, execution, **more),))


def test_data_starts_a_run():
    new, decision = decide.arrived(State(), (DATA,), NOON, RULES)
    assert (decision.decision, decision.kind) == ("start", "data")
    assert (new.starts, new.pending, [run.works[0].reason for run in new.runs]) == (1, (), ["data raw/a/_SUCCESS"])


def test_what_arrives_during_a_run_is_taken_up_once_after_it():
    new = running()
    for _ in range(3):
        new, decision = decide.arrived(new, (DATA,), NOON, RULES)
        assert (decision.decision, "is under way" in decision.reason) == ("wait", True)
    new = decide.ended(new, "e1", True, NOON, Rules(0, 0, 3, 9))
    new, decision = decide.take_up(new, NOON, Rules(0, 0, 3, 9))
    assert (decision.decision, new.runs[0].works[0].title) == ("start", "data raw/a/_SUCCESS and 2 more")
    assert new.pending == ()


def test_end_of_a_run_that_comes_twice_changes_nothing():
    once = decide.ended(running(), "e1", True, NOON, RULES)
    assert decide.ended(once, "e1", True, NOON + 5, RULES) == once


def test_automatic_work_cools_down_and_a_person_does_not_wait():
    cooling = State(cool_until=NOON + 60)
    assert decide.arrived(cooling, (DATA,), NOON, RULES)[1].decision == "wait"
    assert decide.arrived(cooling, (DATA,), NOON + 60, RULES)[1].decision == "start"
    assert decide.arrived(cooling, (Work("hand", "a try"),), NOON, RULES)[1].decision == "start"


def test_objects_wait_until_no_more_come():
    rules = Rules(quiet=600, cool_down=0, daily_cap=3, run_limit=9)
    new, decision = decide.arrived(State(), (DATA,), NOON, rules)
    assert (decision.decision, "12:10" in decision.reason) == ("wait", True)
    new, decision = decide.arrived(new, (DATA,), NOON + 500, rules)
    assert decide.arrived(new, (), NOON + 1099, rules)[1].decision == "wait"
    assert decide.arrived(new, (), NOON + 1100, rules)[1].decision == "start"


def test_daily_cap_holds_until_the_next_day():
    spent = State(day="2026-11-25", starts=3)
    new, decision = decide.arrived(spent, (Work("hand", "more"),), NOON, RULES)
    assert (decision.decision, "daily cap is 3" in decision.reason) == ("wait", True)
    assert decide.arrived(new, (), NOON + 43200, RULES)[1].decision == "start"


def test_clock_that_goes_back_gives_no_starts_back():
    spent = State(day="2026-11-25", starts=3)
    assert decide.arrived(spent, (DATA,), NOON - 86400, RULES)[1].decision == "wait"


def test_pause_keeps_events_refuses_a_person_and_resume_takes_up():
    new, _ = decide.paused(State(), "ana")
    new, decision = decide.arrived(new, (DATA,), NOON, RULES)
    assert decision.decision == "wait"
    assert decide.arrived(new, (Work("hand", "now"),), NOON, RULES)[1].decision == "refuse"
    assert decide.resumed(new, NOON, RULES)[1].decision == "start"


def test_budget_stops_until_the_month_ends():
    new, _ = decide.stopped(State(), NOON)
    new, decision = decide.arrived(new, (DATA,), NOON, RULES)
    assert "until 2026-12-01 00:00 UTC" in decision.reason
    assert decide.arrived(new, (), 1_796_083_200.0, RULES)[1].decision == "start"  # 1 December


def push(execution: str = "p1") -> Run:
    return Run(execution, (Work("commit", "commit"),), 0, execution)


def test_push_in_train_does_not_wait_for_the_run_that_queues_behind_it():
    new, decision = decide.admit(running(), push(), FACTS, None, NOON, RULES)
    assert decision.decision == "start"
    new = decide.ended(new, "p1", True, NOON, RULES)
    assert decide.arrived(new, (DATA,), NOON, RULES)[1].decision == "wait"  # the other is still to come
    assert decide.admit(new, push("e1"), FACTS | {"data_version": "v3"}, None, NOON, RULES)[1].decision == "start"


def test_two_are_never_in_train():
    _, decision = decide.admit(running(admitted=True), push(), FACTS, None, NOON, RULES)
    assert (decision.decision, decision.again) == ("wait", True)


def test_waiter_that_was_killed_is_admitted_again_and_counted_once():
    new, _ = decide.admit(State(), push(), FACTS, None, NOON, RULES)
    again, decision = decide.admit(new, push(), FACTS, None, NOON, RULES)
    assert (decision.decision, again.starts) == ("start", 1)


@pytest.mark.parametrize(
    ("live", "last", "expected"),
    [
        (FACTS | {"version": "7"}, None, "version 7, which is live"),
        (None, FACTS, "those of the last training"),
        (FACTS | {"data_version": "v1"}, FACTS | {"code_sha256": "d"}, None),
        ({"version": "7"}, None, None),  # released before this was recorded
    ],
)
def test_copy_of_a_model_is_skipped(live: dict[str, str] | None, last: dict[str, str] | None, expected: str | None):
    _, decision = decide.admit(State(last=last), push(), FACTS, live, NOON, RULES)
    assert decision.decision == ("skip" if expected else "start")
    assert (expected or "") in decision.reason
    forced = Run("p1", (Work("hand", "again", force=True),), 0, "p1")
    assert decide.admit(State(last=last), forced, FACTS, live, NOON, RULES)[1].decision == "start"


def test_push_while_paused_ends_green_and_is_taken_up_later():
    new, decision = decide.admit(State(paused="ana"), push(), FACTS, None, NOON, RULES)
    assert (decision.decision, [work.kind for work in new.pending]) == ("wait", ["commit"])


def test_run_that_was_postponed_does_its_work_once():
    new, _ = decide.admit(State(paused="ana", runs=running().runs), push("e1"), FACTS, None, NOON, RULES)
    new = decide.ended(new, "e1", True, NOON, RULES)
    assert [work.count for work in new.pending] == [1]


def test_run_that_never_started_gives_its_work_back_when_it_expires():
    new = decide.refreshed(running(execution=None), NOON + 9)
    assert (new.runs, [work.kind for work in new.pending]) == ((), ["data"])


def test_state_survives_the_table():
    new = decide.arrived(State(pending=(DATA,)), (Work("hand", "x", data_version="v1"),), NOON, RULES)[0]
    assert state.load(state.dump(new)) == new
