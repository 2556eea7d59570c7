"""A training that is disturbed, beside the same one here that is not."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from cookiecutter_mlops import watch
from cookiecutter_mlops.environments import environment
from cookiecutter_mlops.loop import LoopProject


def train_here(project: LoopProject, data: Path, base: Path) -> dict:
    """Train by the container contract, without an interruption."""
    (base / "input/data/training").mkdir(parents=True)
    shutil.copy(data, base / "input/data/training")
    command = [environment(project.path), "-m", "training.contract", "train"]
    subprocess.run(command, cwd=project.path, env=os.environ | {"SM_BASE_DIR": str(base)}, check=True)
    return json.loads((base / "output/data/evaluation.json").read_text())


def train_with_a_killed_waiter(project: LoopProject) -> int:
    """Kill the build that waits for the job, retry its stage, wait for the end; how many jobs were started."""
    sagemaker, codepipeline = project.client("sagemaker"), project.client("codepipeline")
    names = {job["TrainingJobName"] for job in sagemaker.list_training_jobs(MaxResults=100)["TrainingJobSummaries"]}
    name = project.outputs["train_pipeline"]
    known = {e["pipelineExecutionId"] for e in watch.executions(codepipeline, name)}
    project.push()
    execution = watch.next_execution(codepipeline, name, known)

    def started() -> set[str]:
        found = sagemaker.list_training_jobs(MaxResults=100, StatusEquals="InProgress")["TrainingJobSummaries"]
        return {job["TrainingJobName"] for job in found} - names

    deadline = time.monotonic() + 300
    while not started():
        assert time.monotonic() < deadline, project.logs()
        time.sleep(0.2)
    stop_waiter(project)
    assert watch.follow(codepipeline, name, execution) == "Failed"
    codepipeline.retry_stage_execution(
        pipelineName=name, pipelineExecutionId=execution, stageName="Train", retryMode="FAILED_ACTIONS"
    )
    assert watch.follow(codepipeline, name, execution) == "Succeeded", project.logs()
    return len({job["TrainingJobName"] for job in sagemaker.list_training_jobs()["TrainingJobSummaries"]} - names)


def stop_waiter(project: LoopProject) -> None:
    """Stop the newest build that waits for a training job."""
    codebuild = project.client("codebuild")
    builds = codebuild.list_builds_for_project(projectName="salary-prediction-train", sortOrder="DESCENDING")["ids"]
    codebuild.stop_build(id=builds[0])
