"""Follow a CodePipeline execution from its start to its end, on AWS and on the embedded AWS alike."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

RUNNING = {"InProgress", "Stopping"}


@dataclass(frozen=True)
class Action:
    """One action of one pipeline execution; `seconds` is its age while it runs and its duration afterwards.

    `external_id` is what carries it out: of a build, `<project>:<uuid>`.
    """

    stage: str
    name: str
    status: str
    seconds: float
    summary: str
    external_id: str = ""


def executions(codepipeline, pipeline: str) -> list[dict]:
    """Return the pipeline's executions, newest first, as `ListPipelineExecutions` gives them."""
    return codepipeline.list_pipeline_executions(pipelineName=pipeline)["pipelineExecutionSummaries"]


def next_execution(codepipeline, pipeline: str, known: set[str], timeout: float = 60) -> str:
    """Wait for an execution whose id is not in `known` and return its id; raise TimeoutError in the end."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        fresh = [e["pipelineExecutionId"] for e in executions(codepipeline, pipeline)]
        if fresh and fresh[0] not in known:
            return fresh[0]
        time.sleep(0.3)
    raise TimeoutError(f"{pipeline}: no execution started within {timeout:.0f} s")


def actions(codepipeline, pipeline: str, execution: str) -> list[Action]:
    """Return the actions that the execution has reached, oldest first."""
    pages = codepipeline.get_paginator("list_action_executions").paginate(
        pipelineName=pipeline, filter={"pipelineExecutionId": execution}
    )
    details = [detail for page in pages for detail in page["actionExecutionDetails"]]
    return [_action(detail) for detail in sorted(details, key=lambda d: d["startTime"])]


def follow(
    codepipeline,
    pipeline: str,
    execution: str,
    on_change: Callable[[Action], None] = lambda action: None,
    timeout: float = 900,
    interval: float = 0.5,
) -> str:
    """Call `on_change` whenever an action changes its status; return the execution's final status.

    An execution that waits for a manual approval does not end by itself: approve it from another process or thread.
    Raises TimeoutError after `timeout` seconds.
    """
    seen: dict[tuple[str, str], str] = {}
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        status = codepipeline.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=execution)
        for action in actions(codepipeline, pipeline, execution):
            if seen.get((action.stage, action.name)) != action.status:
                seen[action.stage, action.name] = action.status
                on_change(action)
        if status["pipelineExecution"]["status"] not in RUNNING:
            return status["pipelineExecution"]["status"]
        time.sleep(interval)
    raise TimeoutError(f"{pipeline}: execution {execution} still runs after {timeout:.0f} s")


def _action(detail: dict) -> Action:
    started = detail["startTime"]
    ended = detail["lastUpdateTime"] if detail["status"] != "InProgress" else datetime.now(started.tzinfo)
    result = detail.get("output", {}).get("executionResult", {})
    summary = result.get("errorDetails", {}).get("message") or result.get("externalExecutionSummary") or ""
    seconds, external = (ended - started).total_seconds(), result.get("externalExecutionId") or ""
    return Action(detail["stageName"], detail["actionName"], detail["status"], seconds, summary, external)
