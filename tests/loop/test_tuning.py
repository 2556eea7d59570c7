"""Hyperparameters are searched on AWS by whoever has the training module's `run_policy`, as a notebook has."""

import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops.environments import environment
from cookiecutter_mlops.localaws.iam import usage
from cookiecutter_mlops.loop import LoopProject

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("released")]  # one worker, one project

ROLE = "salary-prediction-explorer"
TRUST = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}


def run_policy(project: LoopProject) -> str:
    """What the module says that somebody who explores may do."""
    folder = project.path / ".mlops" / "local" / "terraform" / "terraform"
    question = "jsonencode(jsondecode(module.training[0].run_policy))"
    command, settings = ["terraform", f"-chdir={folder}", "console"], os.environ | project.environment
    said = subprocess.run(command, input=question, env=settings, check=True, text=True, stdout=subprocess.PIPE).stdout
    return json.loads(said)


@pytest.fixture
def explorer(released) -> Iterator[dict[str, str]]:
    """The variables of a person who has that policy and nothing else."""
    iam, sts = released.client("iam"), released.client("sts")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=ROLE, PolicyName="explore", PolicyDocument=run_policy(released))
    keys = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    yield released.environment | {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    iam.delete_role_policy(RoleName=ROLE, PolicyName="explore")
    iam.delete_role(RoleName=ROLE)


@pytest.fixture
def searching(released, tmp_path) -> Path:
    """The project as it was when its first model was trained, with something to search."""
    folder, commit = tmp_path / "project", released.packages()[-1]["CustomerMetadataProperties"]["commit"]
    subprocess.run(["git", "clone", "--quiet", released.path, folder], check=True)
    subprocess.run(["git", "checkout", "--quiet", commit], cwd=folder, check=True)
    with (folder / "project.toml").open("a") as file:
        file.write("\n[model.search]\nmax_iter = [5, 60]\n")
    return folder


def test_who_explores_may_tune_and_only_safely(released, explorer, searching):
    command = [environment(searching), "-m", "pipelines.tune", "--jobs", "2", "--parallel", "2"]
    said = subprocess.run(command, cwd=searching, env=explorer, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr
    best, *lines = said.stdout.partition("best: ")[2].splitlines()
    assert 100 < float(best.partition(",")[0]) < 306  # mean absolute error; one number for everybody gives about 306
    assert tomllib.loads("\n".join(lines))["model"]["hyperparameters"].keys() == {"max_iter"}

    admin, name = released.client("sagemaker"), said.stdout.split()[1]
    job = admin.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert job["TrainingJobStatusCounters"]["Completed"] == 2
    needed = usage.needed(released.client("iam"), released.path / ".mlops" / "local")
    proven = {(permission.statement, permission.action) for permission in needed if permission.role == ROLE}
    kinds = ("AddTags", "CreateHyperParameterTuningJob", "DescribeHyperParameterTuningJob")
    assert {("TuneHyperparameters", f"sagemaker:{kind}") for kind in kinds} <= proven
    assert {("FindImages", "ecr:DescribeImages"), ("PassRoleToJobs", "iam:PassRole")} <= proven

    own = boto3.client("sagemaker", **session(explorer))
    with pytest.raises(ClientError, match="in status Completed"):  # and not: is not authorized
        own.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    asked = {member: job[member] for member in ("HyperParameterTuningJobConfig", "TrainingJobDefinition")}
    asked["TrainingJobDefinition"] |= {"EnableNetworkIsolation": False}
    asked["TrainingJobDefinition"]["StaticHyperParameters"] = {}
    with pytest.raises(ClientError, match=r"CreateHyperParameterTuningJob .* with an explicit deny"):
        own.create_hyper_parameter_tuning_job(HyperParameterTuningJobName=f"{name[:-1]}x", **asked)
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:CreateHyperParameterTuningJob"):
        own.create_hyper_parameter_tuning_job(HyperParameterTuningJobName="another-project-1", **asked)


def session(variables: dict[str, str]) -> dict[str, str]:
    return {
        "endpoint_url": variables["AWS_ENDPOINT_URL"],
        "region_name": variables["AWS_REGION"],
        "aws_access_key_id": variables["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": variables["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": variables["AWS_SESSION_TOKEN"],
    }
