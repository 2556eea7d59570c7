"""Jobs and functions write only where they may, where the kernel has Landlock."""

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cookiecutter_mlops.localaws import confinement
from tests.localaws.bundles import new_bucket, push_bundle
from tests.localaws.conftest import ACCOUNT, Aws, wait_for
from tests.localaws.functions import call, new_function

pytestmark = pytest.mark.skipif(not confinement.version(), reason="this kernel has no Landlock")
INTRUDER = """
def handler(event, context):
    open("/tmp/" + context.aws_request_id, "w").close()
    try:
        open(event["file"], "w")
    except OSError as error:
        return {"refused": type(error).__name__}
"""


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that is not among the temporary ones."""
    folder = Path("/var/tmp") / f"elsewhere-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "attempt", ["echo no > {}/file", "mkdir {}/folder", "rm {}/mine", "mv {}/mine $PWD", "> {}/mine"]
)
def test_program_changes_nothing_elsewhere(elsewhere: Path, tmp_path: Path, attempt: str) -> None:
    (elsewhere / "mine").write_text("untouched")
    command = confinement.command([tmp_path], ["sh", "-c", f"echo yes > here; {attempt.format(elsewhere)}"])
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode and "ermission denied" in done.stderr, done
    assert (tmp_path / "here").read_text() == "yes\n"
    assert [(file.name, file.read_text()) for file in elsewhere.iterdir()] == [("mine", "untouched")]


def test_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = subprocess.run(confinement.command([tmp_path], ["no-such-program"]), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "no-such-program: No such file or directory\n")


def test_job_writes_nothing_elsewhere(aws: Aws, elsewhere: Path) -> None:
    bucket, name = new_bucket(aws, **{"data/a.csv": "1"}), elsewhere.name
    place = {"S3Uri": f"s3://{bucket}/data", "LocalPath": "/opt/ml/processing/input", "S3DataType": "S3Prefix"}
    sagemaker = aws.client("sagemaker")
    sagemaker.create_processing_job(
        ProcessingJobName=f"job-{name}",
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/processing",
        AppSpecification={
            "ImageUri": push_bundle(aws),
            "ContainerArguments": ["process", "/opt/ml/processing/input", str(elsewhere)],
        },
        ProcessingInputs=[{"InputName": "data", "S3Input": place | {"S3InputMode": "File"}}],
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )

    def failed() -> bool:
        job = sagemaker.describe_processing_job(ProcessingJobName=f"job-{name}")
        return job["ProcessingJobStatus"] == "Failed"

    assert wait_for(failed)
    events = aws.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix=f"job-{name}"
    )["events"]
    assert "PermissionError" in events[-1]["message"]
    assert list(elsewhere.iterdir()) == []


def test_function_writes_to_tmp_only(aws: Aws, elsewhere: Path) -> None:
    function = new_function(aws, INTRUDER)
    assert call(aws, function, {"file": str(elsewhere / "file")})[1] == {"refused": "PermissionError"}
