"""Answers every file of the batch input prefix that has no output yet, and waits for it.

python -m pipelines.batch                   # files are put there with any S3 tool; one output per input
"""

import argparse
import json
from typing import Any

from pipelines import launch, project
from pipelines.project import PipelineError


def main() -> None:
    parser = argparse.ArgumentParser(description="Run batch inference with the live model for what is pending.")
    spec = launch.specification(launch.arguments(parser).stage, "batch")
    state = finished(launch.start(spec, {"kind": "batch"}))
    name = state["TransformJobName"]
    found = project.until(lambda: manifest(spec, name), f"manifest of {name}", limit=300)
    print(f"{len(found['outputs'])} outputs are in {spec['output_s3_uri']}")
    if found["missing"]:
        missing = ", ".join(found["missing"][:5])
        reason = state.get("FailureReason", "no reason is given")
        raise PipelineError(f"{len(found['missing'])} inputs have no output ({missing}): {reason}; run this again.")


def finished(name: str) -> dict[str, Any]:
    """Wait for a transform job."""

    def ended() -> dict[str, Any] | None:
        state = project.client("sagemaker").describe_transform_job(TransformJobName=name)
        return state if state["TransformJobStatus"] in launch.ENDS else None

    return project.until(ended, f"batch job {name}", limit=86400)


def manifest(spec: dict[str, Any], name: str) -> dict[str, Any] | None:
    """What functions/launch wrote down when the job ended, as soon as it is there."""
    bucket, prefix = project.split_s3(spec["manifest_s3_uri"])
    s3 = project.client("s3")
    try:
        return json.loads(s3.get_object(Bucket=bucket, Key=f"{prefix}{name}/manifest.json")["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None


if __name__ == "__main__":
    project.command(main)
