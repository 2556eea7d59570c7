"""Trains this commit on the newest data snapshot, as a SageMaker job, and waits for it, if the gatekeeper admits it.

    TRAIN_IMAGE=...@sha256:... COMMIT=... EXECUTION=... python -m pipelines.train

A waiter that was killed can be run again: it adopts the job that still runs for the same commit and data. Where an
instance type has no capacity, the next one of the list is tried, and after a while the list again. The job's name is
left for pipelines/register.py.
"""

import argparse
import json
import os
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from pipelines import gatekeeper, job, logs, project, snapshot
from pipelines.project import PipelineError
from training import hosts
from training.settings import load_settings

HANDOVER = Path(".mlops/training-job.json")
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
ROUNDS = 3  # times through the list of instance types
RECENT = 50  # jobs that are looked at: one that is to be adopted is among the last
FINISHED = ("Completed", "Failed", "Stopped")
FILES = 2  # of a snapshot for each machine that shares it: one of them has the manifest among its own


def train(spec: dict[str, Any], order: job.Order) -> str:
    """The name of a completed job; a PipelineError says what the last one died of."""
    for name in attempts(spec, order):
        result = follow(name)
        if not lacks_capacity(result):
            return completed(result)
    types = ", ".join(spec["instance_types"])
    raise PipelineError(f"no capacity for {types}; try again later, or add a type to training.instance_types.")


def check_machines(spec: dict[str, Any], data: snapshot.Snapshot) -> None:
    """Refuse several machines that could not learn together, before any is rented."""
    count, distribution = spec["instance_count"], spec["data_distribution"]
    hosts.check(load_settings().model.name, count, distribution)
    if distribution == hosts.SHARDED and count > 1 and data.files < FILES * count:
        raise PipelineError(
            f"snapshot {data.version}: {data.files} files are too few for {count} machines that share them; deliver at "
            f"least {FILES * count} of about the same size, or use FullyReplicated as training.data_distribution."
        )


def attempts(spec: dict[str, Any], order: job.Order) -> Iterator[str]:
    """Jobs for this order: one that still runs, then one on each instance type, each started when it is asked for."""
    if running := adoptable(spec, order):
        yield running
    types = spec["instance_types"]
    for attempt, instance_type in enumerate(types * ROUNDS):
        if attempt and attempt % len(types) == 0:
            wait(attempt // len(types))
        yield start(spec, order, attempt, instance_type)


def wait(tried: int) -> None:
    """Give AWS time to find machines, longer each time, and not in step with everybody else who waits."""
    seconds = project.poll_seconds() * 4 * 2**tried * random.uniform(0.75, 1.25)  # noqa: S311  # nosec B311
    print(f"no capacity of any type; trying again in {seconds:.0f} s", flush=True)
    time.sleep(seconds)


def completed(result: dict[str, Any]) -> str:
    """The name of a job that did its work."""
    if result["TrainingJobStatus"] != "Completed":
        raise PipelineError(f"training job {result['TrainingJobName']}: {why(result)}")
    return result["TrainingJobName"]


def adoptable(spec: dict[str, Any], order: job.Order) -> str | None:
    """A job for this very order that runs (its waiter was killed, or two pushes met), or ended while nobody waited."""
    own = order.identity | {"MLOPS_EXECUTION": order.execution}
    for status, wanted in (("InProgress", order.identity), ("Completed", own)):
        for name in jobs(spec["project_slug"], status):
            found = project.client("sagemaker").describe_training_job(TrainingJobName=name)
            same_image = found["AlgorithmSpecification"].get("TrainingImage") == order.image
            if same_image and wanted.items() <= found.get("Environment", {}).items():
                print(f"adopting {name}, which is of this commit and this data", flush=True)
                return name
    return None


def jobs(slug: str, status: str) -> list[str]:
    """The project's own jobs of a status, newest first, no more than matter; the API matches anywhere in a name."""
    pages = project.client("sagemaker").get_paginator("list_training_jobs")
    query = {"NameContains": slug, "StatusEquals": status, "SortBy": "CreationTime", "SortOrder": "Descending"}
    found = pages.paginate(**query, PaginationConfig={"MaxItems": RECENT})
    names = found.search("TrainingJobSummaries[].TrainingJobName")
    return [name for name in names if re.match(rf"{slug}-\d{{14}}-", name)]


def start(spec: dict[str, Any], order: job.Order, attempt: int, instance_type: str) -> str:
    """Start one attempt; a quota is a matter for a person, and asking again would not help."""
    name = job.name(spec["project_slug"], order.commit, attempt)
    try:
        project.client("sagemaker").create_training_job(**job.request(spec, order, name, instance_type))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceLimitExceeded":
            raise
        raise PipelineError(
            f"this account may not use {spec['instance_count']} x {instance_type} for training; request the quota "
            f"'{instance_type} for {'spot ' if spec['use_spot'] else ''}training job usage' of Amazon SageMaker "
            "in the Service Quotas console, then run this again."
        ) from None
    print(f"started {name} on {instance_type}, data {order.snapshot.version}", flush=True)
    return name


def follow(name: str) -> dict[str, Any]:
    """Print a job's log while it runs, and give back how it ended."""
    lines = logs.Follower(LOG_GROUP, f"{name}/")
    seen: set[str] = set()

    def ended() -> dict[str, Any] | None:
        state = project.client("sagemaker").describe_training_job(TrainingJobName=name)
        lines.show()
        if (step := state.get("SecondaryStatus", "")) not in seen:
            print(f"  {step}", flush=True)
            seen.add(step)
        return state if state["TrainingJobStatus"] in FINISHED else None

    # A job ends by its own limits, maximum wait included: the waiter only outlives it.
    return project.until(ended, f"training job {name}", limit=7 * 86400)


def lacks_capacity(state: dict[str, Any]) -> bool:
    """Whether AWS had no such machine: the one failure that another instance type mends."""
    lacking = state["TrainingJobStatus"] == "Failed" and state.get("FailureReason", "").startswith("CapacityError")
    if lacking:
        print(f"no capacity for {state['ResourceConfig']['InstanceType']}", flush=True)
    return lacking


def why(state: dict[str, Any]) -> str:
    """The job's own sentence, without what SageMaker wraps around it."""
    reason = state.get("FailureReason") or f"ended as {state['TrainingJobStatus']} ({state.get('SecondaryStatus')})"
    return re.sub(r"^AlgorithmError:\s*|,? exit code: \d+$", "", reason.strip())


def champion(spec: dict[str, Any]) -> dict[str, Any] | None:
    """The model to compare with: what is live in the last stage, if its files are still there."""
    live = project.live(spec["stages"][-1])
    if live is None:
        return None
    bucket, key = project.split_s3(live["model_data_url"])
    try:
        project.client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        print(f"version {live['version']} is live, but {live['model_data_url']} cannot be read: {error}", flush=True)
        return None
    return live


def weights(spec: dict[str, Any]) -> str:
    """Where the pre-trained weights of project.toml lie; empty where training begins from nothing."""
    name = load_settings().model.weights
    return f"s3://{spec['models_bucket']}/weights/{name}/" if name else ""


def hand_over(**facts: str) -> None:
    """Tell the next command of this build which job it was, or why there is none."""
    HANDOVER.parent.mkdir(exist_ok=True)
    HANDOVER.write_text(json.dumps(facts))


def main() -> None:
    argparse.ArgumentParser(description="Train this commit on the newest data snapshot.").parse_args()
    HANDOVER.unlink(missing_ok=True)
    spec = project.training_spec()
    image, commit = project.environment("TRAIN_IMAGE", "<repository>@sha256:<digest>"), project.commit()
    data = snapshot.wanted(spec, os.environ.get("DATA_VERSION") or snapshot.NEWEST)
    check_machines(spec, data)
    answer = gatekeeper.admission(data.version)
    print(answer["reason"], flush=True)
    if answer["decision"] == "start":
        order = job.Order(image, commit, data, champion(spec), os.environ["EXECUTION"], weights(spec))
        hand_over(training_job=train(spec, order))
    else:
        hand_over(skipped=answer["reason"])


if __name__ == "__main__":
    project.command(main)
