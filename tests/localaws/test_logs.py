"""`mlops local logs`: why a pipeline failed is in its last lines, whatever else was logged since then."""

import time

import pytest
from click.testing import CliRunner

from cookiecutter_mlops.localaws import process
from cookiecutter_mlops.localaws.commands import local
from tests.localaws.conftest import ACCOUNT, REGION, Aws
from tests.localaws.pipelines import Pipeline, build, commits, declaration
from tests.localaws.repositories import WorkingCopy

BUILDSPEC = "version: 0.2\nphases: {build: {commands: [echo no such column, exit 1]}}\n"
IDLE = ["START RequestId: 1 Version: $LATEST", "END RequestId: 1", "REPORT RequestId: 1\tDuration: 1.00 ms"]


@pytest.fixture
def aws(home) -> Aws:
    return Aws(process.up(home, REGION, iam="off").url, home)


def write(aws: Aws, group: str, *streams: list[str]) -> None:
    logs, now = aws.client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName=group)
    for number, lines in enumerate(streams):
        place = {"logGroupName": group, "logStreamName": f"stream-{len(streams) - number}"}  # the newest name is first
        logs.create_log_stream(**place)
        events = [{"timestamp": now + number, "message": line} for line in lines]
        logs.put_log_events(**place, logEvents=events)


def fail_a_build(aws: Aws, folder) -> None:
    repository = aws.client("codecommit").create_repository(repositoryName="p")["repositoryMetadata"]
    WorkingCopy(folder, repository["cloneUrlHttp"]).push("first")
    aws.client("codebuild").create_project(
        name="check",
        source={"type": "CODEPIPELINE", "buildspec": BUILDSPEC},
        artifacts={"type": "CODEPIPELINE"},
        environment={"type": "LINUX_CONTAINER", "image": "any", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=f"arn:aws:iam::{ACCOUNT}:role/build",
    )
    pipeline = Pipeline(aws, declaration("p", commits("p"), build("Check", "check")))
    assert pipeline.end(pipeline.start()) == "Failed"


def test_failed_build_is_at_the_end_of_the_overview_and_idle_functions_are_not_in_it(aws, home, tmp_path):
    (tmp_path / "code").mkdir()
    fail_a_build(aws, tmp_path / "code")
    write(aws, "/aws/lambda/retrain", ["decided to wait"], *[IDLE] * 20)
    write(aws, "/aws/lambda/ticks", *[IDLE] * 3)
    write(aws, "/aws/codebuild/train", *[[f"build {number}"] for number in range(55)])
    for number in range(8):
        write(aws, f"/aws/sagemaker/Endpoints/{number}", ["request"])
    shown = CliRunner().invoke(local, ["logs", "--home", str(home)]).output.splitlines()
    last = "\n".join(shown[-25:])
    assert "  no such column" in last and "p failed at Check: " in last
    assert shown[-1].endswith("mlops local logs check")
    assert not [line for line in shown if line.strip().startswith(("START", "/aws/lambda/ticks"))]
    named = CliRunner().invoke(local, ["logs", "train", "--home", str(home)]).output
    assert "  build 54\n" in named and "decided to wait" not in named.split("build 54")[1]


def test_overview_has_the_newest_stream_of_each_group(aws, home):
    write(aws, "/aws/lambda/retrain", ["decided to wait"], *[IDLE] * 3)
    write(aws, "/aws/codebuild/train", *[[f"build {number}"] for number in range(55)])
    shown = CliRunner().invoke(local, ["logs", "--home", str(home)]).output
    assert [line for line in shown.splitlines() if line.startswith("  ")] == ["  decided to wait", "  build 54"]
