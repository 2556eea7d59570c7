"""The gatekeeper: every start of training asks it, and it starts the ones that nobody stands behind.

Called by its queue (data, schedule, alarms, ends of runs), by the budget's topic, and by pipelines/gatekeeper.py:
{"action": "train" | "admit" | "pause" | "resume" | "status", ...} gives {"decision": ..., "reason": one sentence}.
Each decision is one line of JSON, which CloudWatch also counts as a metric (embedded metric format).
"""

import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from . import decide, events, store
from .decide import Decision
from .state import NEWEST, Rules, Run, State, Work

ATTEMPTS = 12  # to write the state while others write it too
OVER = ("Succeeded", "Failed", "Stopped", "Superseded", "Cancelled")
Step = Callable[[State, float, frozenset[str]], tuple[State, Decision | None]]


def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """What Lambda calls."""
    records = event.get("Records", [])
    if records and records[0].get("EventSource") == "aws:sns":
        change(lambda state, now, seen: decide.stopped(state, now))
        return None
    return batch(records) if records else direct(event)


def batch(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Decide once about all messages of a batch; one that makes no sense is left to the dead-letter queue."""
    happenings, broken = [], []
    for message in messages:
        try:
            happenings.append(events.read(message, os.environ["ARRIVAL"]))
        except ValueError as error:
            broken.append(message["messageId"])
            print(json.dumps({"decision": "refuse", "reason": f"Not understood: {error}", "message": broken[-1]}))
    for start in range(0, len(happenings), store.MOST):
        take(happenings[start : start + store.MOST])
    return {"batchItemFailures": [{"itemIdentifier": identity} for identity in broken]}


def take(happenings: list[events.Happening]) -> None:
    """Release the locks of runs that ended, then take up what arrived; a repeated delivery counts once."""
    works = {happening.identity: happening.work for happening in happenings if happening.work}
    ends = {happening.ended: happening.succeeded for happening in happenings if happening.ended}
    ends = unnoticed() | ends

    def step(state: State, now: float, seen: frozenset[str]) -> tuple[State, Decision | None]:
        for execution, succeeded in ends.items():
            state = decide.ended(state, execution, succeeded, now, rules())
        fresh = tuple(work for identity, work in works.items() if work and identity not in seen)
        state, decision = decide.arrived(state, fresh, now, rules())
        waits = decision is not None and decision.decision == "wait"
        return state, None if waits and not fresh and not ends else decision  # nothing new to say each minute

    change(step, works)


def direct(request: dict[str, Any]) -> dict[str, Any]:
    """A person, or the build that is about to train, asks."""
    action = request.get("action")
    if action not in ACTIONS:
        return {"decision": "refuse", "reason": f"action: must be one of {', '.join(ACTIONS)} (got: {action!r})."}
    return ACTIONS[action](request)


def train(request: dict[str, Any]) -> dict[str, Any]:
    """`mlops train` and `mlops data push`: the second is data, and cools down as data does."""
    kind = "data" if request.get("kind") == "data" else "hand"
    by, reason = events.tidy(request.get("requested_by", "a person")), events.tidy(request.get("reason", ""))
    work = Work(kind, reason, by, events.tidy(request.get("data_version") or NEWEST), bool(request.get("force")))
    settle()
    return change(lambda state, now, seen: decide.arrived(state, (work,), now, rules()))


def admit(request: dict[str, Any]) -> dict[str, Any]:
    """The Train build asks whether it may start a job."""
    reason = events.tidy(request.get("reason", "commit"))
    work = Work("commit" if reason == "commit" else "hand", reason, request.get("requested_by", "a commit"))
    run = Run(request["execution"], (work,), 0.0, request["execution"])
    current = json.loads(parameter) if (parameter := live()) else None
    settle(mine=run.token)
    return change(lambda state, now, seen: decide.admit(state, run, request["facts"], current, now, rules()))


def pause(request: dict[str, Any]) -> dict[str, Any]:
    """A person wants nothing to start."""
    by = events.tidy(request.get("requested_by", "a person"))
    return change(lambda state, now, seen: decide.paused(state, by))


def resume(request: dict[str, Any]) -> dict[str, Any]:
    """A person lifts a pause, or the budget's stop."""
    return change(lambda state, now, seen: decide.resumed(state, now, rules()))


def status(request: dict[str, Any]) -> dict[str, Any]:
    """What runs, what waits and what is left of the day, changing nothing."""
    snapshot = store.load()
    state, limits = decide.refreshed(snapshot.state, snapshot.now), rules()
    why = decide.held_up(state) or decide.left(state, snapshot.now, limits)
    return {"decision": "status", "reason": f"{why}.", **asdict(state)}


ACTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "train": train,
    "admit": admit,
    "pause": pause,
    "resume": resume,
    "status": status,
}


def settle(mine: str = "") -> None:
    """Before an answer: runs that ended, but whose event is still on its way, hold nobody up."""
    if over := {execution: done for execution, done in unnoticed().items() if execution != mine}:
        change(lambda state, now, seen: (_all_ended(state, over, now), None))


def _all_ended(state: State, over: dict[str, bool], now: float) -> State:
    for execution, succeeded in over.items():
        state = decide.ended(state, execution, succeeded, now, rules())
    return state


def unnoticed() -> dict[str, bool]:
    """Executions that hold the lock and are over, by the pipeline itself: an event may be late, or never come."""
    over = {}
    for run in store.load().state.runs:
        if run.execution and (state := execution_status(run.execution)) in OVER:
            over[run.execution] = state == "Succeeded"
    return over


def execution_status(execution: str) -> str:
    """How the pipeline's execution is; one that AWS has forgotten was stopped."""
    codepipeline = store.client("codepipeline")
    try:
        found = codepipeline.get_pipeline_execution(pipelineName=os.environ["PIPELINE"], pipelineExecutionId=execution)
    except codepipeline.exceptions.PipelineExecutionNotFoundException:
        return "Stopped"
    return found["pipelineExecution"]["status"]


def change(step: Step, identities: Any = ()) -> dict[str, Any]:
    """Read, decide, write if nobody wrote meanwhile (else again); then start what was decided, and say it."""
    for attempt in range(ATTEMPTS):
        before = store.load(identities)
        state, decision = step(before.state, before.now, before.seen)
        if state == before.state and before.seen >= set(identities):
            break
        if store.save(before, state, set(identities) - before.seen):
            break
        time.sleep(random.uniform(0, 0.1 * 2 ** min(attempt, 5)))  # noqa: S311  # nosec B311
    else:
        raise RuntimeError("the state is written by too many at once")
    executions = start(state)
    if decision is None:
        return {}
    answer = {key: value for key, value in asdict(decision).items() if value}
    if decision.decision == "start" and executions:
        answer["execution"] = executions[-1]
    report(answer, before.now)
    return answer


def start(state: State) -> list[str]:
    """Start every run that has no execution yet: also one whose start was cut short, for AWS knows it by its token."""
    executions = []
    for run in state.runs:
        if run.execution is None:
            request = {"name": os.environ["PIPELINE"], "variables": variables(run), "clientRequestToken": run.token}
            execution = store.client("codepipeline").start_pipeline_execution(**request)["pipelineExecutionId"]
            mark(run.token, execution)
            executions.append(execution)
    return executions


def mark(token: str, execution: str) -> None:
    """Remember which execution a run has become."""
    change(lambda state, now, seen: (decide.started(state, token, execution), None))


def variables(run: Run) -> list[dict[str, str]]:
    """Why, on what, and for whom: the pipeline hands them to its builds."""
    values = {
        "REASON": events.tidy(decide.titles(run.works)),
        "DATA_VERSION": run.works[0].data_version,
        "REQUESTED_BY": events.tidy(", ".join(sorted({work.requested_by for work in run.works}))),
    }
    return [{"name": name, "value": value} for name, value in values.items()]


def live() -> str | None:
    """What production serves, or nothing before the first release."""
    ssm = store.client("ssm")
    try:
        return ssm.get_parameter(Name=os.environ["LIVE_PARAMETER"])["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None


def rules() -> Rules:
    """The limits that Terraform set."""
    env = os.environ
    quiet = float(env["QUIET_SECONDS"]) if env["ARRIVAL"] == "quiet-period" else 0.0
    return Rules(quiet, float(env["COOL_DOWN_SECONDS"]), int(env["DAILY_CAP"]), float(env["RUN_LIMIT_SECONDS"]))


def report(decision: dict[str, Any], now: float) -> None:
    """One line: a record for people and queries, and a count that CloudWatch turns into a metric."""
    metric = {
        "Namespace": os.environ["METRIC_NAMESPACE"],
        "Dimensions": [["decision"]],
        "Metrics": [{"Name": "TrainingDecisions", "Unit": "Count"}],
    }
    emf = {"_aws": {"Timestamp": round(now * 1000), "CloudWatchMetrics": [metric]}, "TrainingDecisions": 1}
    print(json.dumps(decision | emf))
