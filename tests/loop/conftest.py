"""One real project on one embedded AWS, applied, pushed, trained and released once, for every test of this folder."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops.loop import LoopProject

REPOSITORY = Path(__file__).resolve().parents[2]

for name in ("asked", "continuous", "interruptions", "use_cases"):  # what asserts, but holds no tests
    pytest.register_assert_rewrite(f"tests.loop.{name}")


def real_data() -> Path:
    return Path(os.environ.get("MLOPS_REAL_DATA", REPOSITORY.parent / "shared" / "data"))


def new_project(folder: Path, *arguments: str) -> Path:
    """Make a project in a folder with `mlops new` and return its path."""
    command = [sys.executable, "-m", "cookiecutter_mlops", "new", "Salary Prediction", "--no-input"]
    command += ["--output-dir", str(folder), "owner_email=team@example.com", *arguments]
    subprocess.run(command, check=True)
    return folder / "salary-prediction"


def keep_few_tests(project: LoopProject) -> None:
    """Let each of its builds test no more than the contract: test_loop.py and test_use_cases.py run all of them."""
    for test in (project.path / "tests").glob("test_*.py"):
        if test.name != "test_contract.py":
            test.unlink()
    project.run("git", "commit", "--quiet", "--all", "--message", "Keep few tests")


@contextmanager
def in_the_background(step: Callable[[], object], seconds: float, threads: int = 1) -> Iterator[None]:
    """Do something again and again meanwhile."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(seconds):
            step()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        over.set()
        for worker in workers:
            worker.join()


def canaries_that_take_no_time(project: LoopProject):
    """Move the clock over the minutes in which an update is watched."""
    sagemaker = project.client("sagemaker")

    def look() -> None:
        for name in project.outputs["endpoints"].values():
            try:
                told = sagemaker.describe_endpoint(EndpointName=name)
            except ClientError:  # not there yet
                continue
            if "Baking" in json.dumps(told.get("PendingDeploymentSummary", {}), default=str):
                project.mlops("local", "clock", "--advance", "301s")

    return in_the_background(look, 0.5)


def now(project: LoopProject) -> datetime:
    """What the embedded AWS's clock says."""
    answer = project.client("sts").get_caller_identity()
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])


def to_next_hour(project: LoopProject) -> None:
    """Move the clock a minute past the full hour; the schedule comes at twenty past."""
    moment = now(project)
    left = timedelta(hours=1) - timedelta(minutes=moment.minute, seconds=moment.second) + timedelta(minutes=1)
    project.mlops("local", "clock", "--advance", f"{left.total_seconds():.0f}s")


def into_one_hour(project: LoopProject) -> None:
    """Let what is asked from now on and a look at it fall into the same hour, which is what `mlops monitor` shows."""
    if now(project).minute >= 40:
        to_next_hour(project)


def wait_for_capture(project: LoopProject) -> bytes:
    """The first request that was captured."""
    s3, deadline, bucket = project.client("s3"), time.monotonic() + 180, project.outputs["data_bucket"]
    while time.monotonic() < deadline:
        if found := s3.list_objects_v2(Bucket=bucket, Prefix="capture/prod/").get("Contents"):
            return s3.get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read()
        time.sleep(0.5)
    raise AssertionError(f"no request was captured: {project.logs()}")


@pytest.fixture(scope="session")
def salaries() -> Path:
    """28,155 workers of the US Current Population Survey of March 1988; the target is `wage`, dollars a week."""
    workbook = real_data() / "salaries" / "cps1988.xlsx"
    if not workbook.exists():
        pytest.skip(f"real data: {workbook} is not there; set MLOPS_REAL_DATA to the folder that holds salaries/")
    return workbook


@pytest.fixture(scope="session")
def released(salaries, tmp_path_factory):
    """A project made from the salary workbook, with its first model in production."""
    folder = tmp_path_factory.mktemp("loop")
    project = LoopProject(new_project(folder, "stages=prod", "--data", str(salaries), "--target", "wage"))
    try:
        project.up()
        project.mlops("apply")
        project.mlops("data", "push", str(salaries))
        assert project.train() == "Succeeded", project.logs()
        assert project.approve() == "Succeeded", project.logs()
        yield project
    finally:
        project.down()
