"""What the gatekeeper decides: pure functions from its state and what happened to a new state and a decision.

The state machine is decision 6 of cookiecutter-mlops (docs/decisions). Nothing here knows AWS or a clock.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from .state import BY_PERSON, Rules, Run, State, Work


@dataclass(frozen=True)
class Decision:
    """start, skip, wait or refuse (or what a person did), with the sentence that says why."""

    decision: str
    reason: str
    kind: str = ""
    execution: str | None = None
    again: bool = False  # the one who asked shall ask again soon


Outcome = tuple[State, Decision | None]


def refreshed(state: State, now: float) -> State:
    """What time alone changes: a new day, a month whose budget is new, runs that nobody ended."""
    if (today := day(now)) > state.day:  # a clock that goes back does not give the day's starts back
        state = replace(state, day=today, starts=0)
    if state.stopped_until <= now:
        state = replace(state, stopped_until=0.0)
    for run in [run for run in state.runs if run.expires <= now]:
        lost = () if run.execution else run.works  # never started: its work is still to be done
        state = with_pending(state.without(run), lost)
    return state


def with_pending(state: State, works: tuple[Work, ...]) -> State:
    """Remember work; wishes of one kind for the same data become one, which waits for the newest of them."""
    merged = {(work.kind, work.data_version): work for work in state.pending}
    for work in works:
        known = merged.get((work.kind, work.data_version))
        merged[work.kind, work.data_version] = merge(known, work) if known else work
    return replace(state, pending=tuple(merged.values()))


def merge(known: Work, new: Work) -> Work:
    """One wish for two of the same kind and data: the newest words, the count of both, ready when both are."""
    return replace(
        new,
        since=min(known.since, new.since),
        ready=max(known.ready, new.ready),
        count=known.count + new.count,
        force=known.force or new.force,
    )


def arrived(state: State, works: tuple[Work, ...], now: float, rules: Rules) -> Outcome:
    """Work arrived (or, without any, time went by): start it now, or remember it."""
    state = refreshed(state, now)
    if (why := held_up(state)) and any(work.kind == "hand" for work in works):
        return state, Decision("refuse", f"{why}; nothing was started.", "hand")
    dated = (replace(work, since=now, ready=now + (rules.quiet if work.kind == "data" else 0)) for work in works)
    return take_up(with_pending(state, tuple(dated)), now, rules)


def take_up(state: State, now: float, rules: Rules) -> Outcome:
    """Start what is pending, if anything is and nothing speaks against it; all of it that wants the same data."""
    if not state.pending:
        return state, None
    ready = [work for work in state.pending if work.ready <= now]
    works = tuple(work for work in ready if work.data_version == ready[0].data_version)
    why = blocker(state, works, now, rules)
    if why:
        return state, Decision("wait", why, kinds(works or state.pending))
    state = replace(state, number=state.number + 1, starts=state.starts + 1)
    run = Run(f"{now:.0f}-{state.number}", works, now + rules.run_limit)
    pending = tuple(work for work in state.pending if work not in works)
    state = replace(state, pending=pending).with_run(run)
    return state, Decision("start", f"Training starts: {titles(works)}.", kinds(works))


def blocker(state: State, works: tuple[Work, ...], now: float, rules: Rules) -> str:
    """The sentence that says why these cannot start now, or none."""
    if why := held_up(state):
        return f"{why}; what arrived is kept."
    if state.runs:
        return f"{name(state.runs[0])} is under way; what arrived is taken up after it."
    if why := capped(state, rules):
        return f"{why}; what arrived is taken up then."
    if not works:
        first = min(work.ready for work in state.pending)
        return f"Data is still arriving; it counts as complete at {clock(first)} unless more comes."
    if state.cool_until > now and not any(work.kind in BY_PERSON for work in works):
        return f"The last run ended a short while ago; what arrived is taken up at {clock(state.cool_until)}."
    return ""


def held_up(state: State) -> str:
    """Why nothing at all may train, or nothing."""
    if state.paused:
        return f"Training was paused by {state.paused}, `mlops resume` lifts it"
    if state.stopped_until:
        return f"The budget's alert stopped training until {clock(state.stopped_until)}, `mlops resume` lifts it"
    return ""


def left(state: State, now: float, rules: Rules) -> str:
    """What may still train today, and from when on."""
    sentence = f"{max(0, rules.daily_cap - state.starts)} of {rules.daily_cap} trainings are left today"
    if state.cool_until > now:
        sentence += f"; data, drift and schedules start one from {clock(state.cool_until)} on"
    return sentence


def capped(state: State, rules: Rules) -> str:
    """Why nothing may start any more today, or nothing."""
    if state.starts < rules.daily_cap:
        return ""
    return f"{state.starts} trainings started on {state.day}, the daily cap is {rules.daily_cap} until 00:00 UTC"


def started(state: State, token: str, execution: str) -> State:
    """The pipeline has taken a run."""
    run = next((run for run in state.runs if run.token == token), None)
    return state.with_run(replace(run, execution=execution)) if run else state


def admit(
    state: State, run: Run, facts: dict[str, str], live: dict[str, str] | None, now: float, rules: Rules
) -> tuple[State, Decision]:
    """May this execution, which is in Train now, rent a machine? `run` describes one that the state does not know.

    Only one execution is in Train at a time, because the pipeline is QUEUED. So it never waits for the lock of one that
    queues behind it; it joins the holders, and the next start waits until all of them ended.
    """
    state = refreshed(state, now)
    known = state.run(run.execution or "")
    run = known or replace(run, expires=now + rules.run_limit)
    kind = kinds(run.works)
    if (same := same_as(facts, live, state.last)) and not run.force:
        return state, Decision("skip", same, kind, run.execution)
    why = held_up(state) or ("" if known else capped(state, rules))
    if why:
        return postponed(state, run), Decision("wait", f"{why}; this is taken up then.", kind, run.execution)
    if other := next((other for other in state.runs if other.admitted and other.token != run.token), None):
        return state, Decision("wait", f"{name(other)} trains already.", kind, run.execution, again=True)
    state = replace(state, starts=state.starts + (0 if known else 1))
    state = state.with_run(replace(run, admitted=True, facts=facts))
    return state, Decision("start", f"Training is admitted: {titles(run.works)}.", kind, run.execution)


def postponed(state: State, run: Run) -> State:
    """Keep a run's work for later; where it has a lock it keeps it to its end, but does not do the work twice."""
    state = with_pending(state, run.works)
    return state.with_run(replace(run, works=())) if state.run(run.execution or "") else state


def same_as(facts: dict[str, str], live: dict[str, str] | None, last: dict[str, str] | None) -> str:
    """The sentence that says of which model this would be a copy, or nothing."""
    if live and all(live.get(fact) == value for fact, value in facts.items()):
        return f"Code, settings and data are those of version {live.get('version')}, which is live: nothing to learn."
    if facts == last:
        return "Code, settings and data are those of the last training: nothing new to learn."
    return ""


def ended(state: State, execution: str, succeeded: bool, now: float, rules: Rules) -> State:
    """Release the lock of an execution; a second such event changes nothing."""
    run = state.run(execution)
    if run is None:
        return state
    last = run.facts if succeeded and run.admitted else state.last
    return replace(state.without(run), last=last, cool_until=now + rules.cool_down)


def stopped(state: State, now: float) -> tuple[State, Decision]:
    """The budget's alert: nothing trains until the month ends or a person says `resume`."""
    moment = datetime.fromtimestamp(now, UTC)
    following = moment.replace(year=moment.year + moment.month // 12, month=moment.month % 12 + 1, day=1)
    until = following.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    return replace(state, stopped_until=until), Decision(
        "stop", f"The budget is spent: nothing trains until {clock(until)}.", "budget"
    )


def paused(state: State, by: str) -> tuple[State, Decision]:
    """Keep what arrives, and start nothing until `resume`."""
    return replace(state, paused=by), Decision("pause", f"Training is paused by {by}; what arrives is kept.", "hand")


def resumed(state: State, now: float, rules: Rules) -> Outcome:
    """Lift a pause and the budget's stop, and go on with what was kept."""
    state, decision = take_up(replace(refreshed(state, now), paused="", stopped_until=0.0), now, rules)
    return state, decision or Decision("resume", "Training goes on; nothing waits.", "hand")


def name(run: Run) -> str:
    """What a run is called in a sentence."""
    return f"Run {run.execution or run.token} ({titles(run.works) or 'postponed'})"


def titles(works: tuple[Work, ...]) -> str:
    """What is wished for, in a sentence."""
    return "; ".join(work.title for work in works)


def kinds(works: tuple[Work, ...]) -> str:
    """Why something trains, for the record: `data+drift`."""
    return "+".join(sorted({work.kind for work in works}))


def day(now: float) -> str:
    """The day of a moment, in UTC: a cap counts by it."""
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"


def clock(moment: float) -> str:
    """A moment, as a person reads it."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
