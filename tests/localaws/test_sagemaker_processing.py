"""Processing jobs of the embedded AWS."""

import uuid
from typing import Any

import pytest

from tests.localaws.bundles import new_bucket, push_bundle
from tests.localaws.conftest import ACCOUNT, Aws, wait_for


def run(aws: Aws, bucket: str) -> dict[str, Any]:
    """Run a job on s3://bucket/in/ until it ends."""
    sagemaker, name, folder = aws.client("sagemaker"), f"job-{uuid.uuid4().hex[:8]}", "/opt/ml/processing"
    mode = {"S3DataType": "S3Prefix", "S3InputMode": "File"}
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/processing",
        AppSpecification={
            "ImageUri": push_bundle(aws),
            "ContainerEntrypoint": ["python", "program.py", "process"],
            "ContainerArguments": [f"{folder}/input", f"{folder}/output"],
        },
        ProcessingInputs=[
            {"InputName": "in", "S3Input": {"S3Uri": f"s3://{bucket}/in/", "LocalPath": f"{folder}/input", **mode}}
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": f"s3://{bucket}/out",
                        "LocalPath": f"{folder}/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}},
    )

    def ended() -> Any:
        job = sagemaker.describe_processing_job(ProcessingJobName=name)
        return job if job["ProcessingJobStatus"] in ("Completed", "Failed") else None

    return wait_for(ended)


def test_processing_job_reads_and_writes_s3(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/a.txt": "hello"})
    job = run(aws, bucket)
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Completed", "all rows read")
    assert aws.client("s3").get_object(Bucket=bucket, Key="out/upper.txt")["Body"].read() == b"HELLO"


@pytest.mark.parametrize(
    ("files", "reason"), [({"in/a.txt": "bad"}, "exit code: 3"), ({}, "No S3 objects found")], ids=["exits", "no-input"]
)
def test_processing_job_that_fails_says_why(aws: Aws, files: dict[str, str], reason: str) -> None:
    job = run(aws, new_bucket(aws, **files))
    assert job["ProcessingJobStatus"] == "Failed"
    assert reason in job["FailureReason"]
