"""Starts monitoring and batch inference of one stage, and publishes what came of it.

Called by EventBridge Scheduler, by rules, or by hand (pipelines/monitor.py, pipelines/batch.py):

    {"kind": "monitor", "time": "2026-01-02T04:10:00Z"}       the newest whole window before that time
    {"kind": "monitor", "window": "2026-01-02T03"}            a given window; "again": true runs it once more
    {"kind": "batch", "time": "2026-01-02T04:10:00Z"}         every input that has no output yet; also on S3 events
    a state-change event of one of these jobs                 publishes its metrics

The answer is {"state": "started" | "exists" | "nothing", "job": name or null, "reason": one sentence}. Names of jobs
come from stage and time, so that SageMaker itself refuses a second start, and a retry does no harm.
"""

import json
import os
from typing import Any

from . import aws, batch, monitor
from .window import WindowError

KINDS = {"monitor": monitor, "batch": batch}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """What Lambda calls."""
    if "detail-type" in event:
        return finished(event) if event["source"] == "aws.sagemaker" else launch(batch, {"time": event["time"]})
    kind = event.get("kind")
    if kind not in KINDS:
        return said("nothing", None, f"kind: must be one of {', '.join(KINDS)} (got: {kind!r}).")
    return launch(KINDS[kind], event)


def launch(kind: Any, event: dict[str, Any]) -> dict[str, Any]:
    """Start a job of the live model, or say why there is none to start."""
    stage = os.environ["STAGE"]
    spec, live = aws.parameter(kind.PARAMETER), aws.parameter("live")
    if spec is None:
        return said("nothing", None, f"{kind.PARAMETER} is not set up for {stage}.")
    if live is None:
        return said("nothing", None, f"No model is live in {stage} yet.")
    try:
        return said(*kind.start(spec, live, event))
    except WindowError as error:
        return said("nothing", None, str(error))


def finished(event: dict[str, Any]) -> dict[str, Any]:
    """Publish how a job ended; the rule lets only ends of this stage's jobs through."""
    detail = event["detail"]
    kind = monitor if "ProcessingJobName" in detail else batch
    spec = aws.parameter(kind.PARAMETER)
    if spec is None:
        return said("nothing", None, f"{kind.PARAMETER} is not set up any more.")
    answer = said(*kind.finish(spec, detail, event["time"]))
    if kind is monitor:
        return answer
    # Inputs that came meanwhile; those that just failed wait for the next schedule, or this would never end.
    return launch(batch, {"time": event["time"], "except": batch.asked_of(spec, answer["job"])})


def said(state: str, job: str | None, reason: str) -> dict[str, Any]:
    """The answer, which is also one line of the log."""
    answer = {"state": state, "job": job, "reason": reason}
    print(json.dumps(answer))
    return answer
