"""Asks the function that starts jobs of the live model (functions/launch), as EventBridge Scheduler does.

Imported by pipelines/monitor.py and batch.py.
"""

import argparse
import json
import os
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pipelines import project
from pipelines.project import PipelineError

ENDS = ("Completed", "Failed", "Stopped")


def arguments(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The parsed arguments, with the stage: the last one unless another is named."""
    parser.add_argument(
        "--stage", default=os.environ.get("MLOPS_STAGE"), help="by default MLOPS_STAGE, or the last one"
    )
    parsed = parser.parse_args()
    stages = project.training_spec()["stages"]
    parsed.stage = project.known_stage(parsed.stage or stages[-1], stages)
    return parsed


def specification(stage: str, name: str) -> dict[str, Any]:
    """What Terraform published about monitoring or batch inference of a stage."""
    spec = project.parameter(f"{stage}/{name}")
    if spec is None:
        raise PipelineError(
            f"{name}: is not set up for {stage}; see terraform/{TERRAFORM[name]}, then run `mlops apply`."
        )
    return spec


TERRAFORM = {"monitoring": "monitoring.tf", "batch": "batch.tf (variable batch in terraform.auto.tfvars.json)"}


def start(spec: dict[str, Any], event: dict[str, Any]) -> str:
    """The name of the job that was started, now or before; a PipelineError says why there is none."""
    request = json.dumps({"time": f"{time():%Y-%m-%dT%H:%M:%SZ}", **event})
    answer = project.client("lambda").invoke(FunctionName=spec["launcher"], Payload=request)
    result = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise PipelineError(f"{spec['launcher']} failed: {result.get('errorMessage')}; its log says more.")
    if result["job"] is None:
        raise PipelineError(result["reason"])
    print(result["reason"], flush=True)
    return result["job"]


def time() -> datetime:
    """What time it is at AWS: a laptop's clock may be wrong, and the one of an embedded AWS may have been moved."""
    answer = project.client("sts").get_caller_identity()
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
