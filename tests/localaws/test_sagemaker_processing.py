"""Processing jobs of the embedded AWS."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket, push_bundle
from tests.localaws.conftest import ACCOUNT, Aws, wait_for

FOLDER = "/opt/ml/processing"
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}


def source(name: str, uri: str, data_type: str = "S3Prefix") -> dict[str, Any]:
    place = {"S3Uri": uri, "LocalPath": f"{FOLDER}/input/{name}", "S3DataType": data_type, "S3InputMode": "File"}
    return {"InputName": name, "S3Input": place}


def start(aws: Aws, bucket: str, *inputs: dict[str, Any], wait: float = 0, mode: str = "EndOfJob", **more: Any) -> str:
    """Start a job that writes its inputs in capitals to s3://bucket/out/ and then waits; return its name."""
    name, output = f"job-{uuid.uuid4().hex[:8]}", f"{FOLDER}/output"
    target = {"S3Uri": f"s3://{bucket}/out", "LocalPath": output, "S3UploadMode": mode}
    wanted = {
        "ProcessingJobName": name,
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/processing",
        "AppSpecification": {
            "ImageUri": push_bundle(aws),
            "ContainerEntrypoint": ["python", "program.py", "process"],
            "ContainerArguments": [f"{FOLDER}/input", output, str(wait)],
        },
        "ProcessingInputs": list(inputs) or [source("in", f"s3://{bucket}/in/")],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": target}]},
        "ProcessingResources": {"ClusterConfig": CLUSTER},
    }
    aws.client("sagemaker").create_processing_job(**wanted | more)
    return name


def status(aws: Aws, name: str) -> str:
    return aws.client("sagemaker").describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"]


def ended(aws: Aws, name: str) -> dict[str, Any]:
    assert wait_for(lambda: status(aws, name) in ("Completed", "Failed", "Stopped"))
    return aws.client("sagemaker").describe_processing_job(ProcessingJobName=name)


def written(aws: Aws, bucket: str) -> bytes | None:
    found = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="out/").get("Contents")
    return aws.client("s3").get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read() if found else None


def test_processing_job_reads_and_writes_s3(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/a.txt": "hello"})
    job = ended(aws, start(aws, bucket))
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Completed", "all rows read")
    assert written(aws, bucket) == b"HELLO"


def test_processing_job_reads_several_prefixes_and_a_manifest(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"h/05/a": "a", "h/06/b": "b", "h/07/c": "c", "x/1": "1", "x/2": "2"})
    aws.client("s3").put_object(Bucket=bucket, Key="list", Body=f'[{{"prefix": "s3://{bucket}/x/"}}, "2"]'.encode())
    hours = [source(hour, f"s3://{bucket}/h/{hour}/") for hour in ("05", "06")]
    job = ended(aws, start(aws, bucket, *hours, source("listed", f"s3://{bucket}/list", "ManifestFile")))
    assert job["ProcessingJobStatus"] == "Completed", job
    assert written(aws, bucket) == b"AB2"


def test_processing_output_in_mode_continuous_is_there_before_the_job_ends(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/a.txt": "hello"})
    name = start(aws, bucket, wait=60, mode="Continuous")
    assert wait_for(lambda: written(aws, bucket)) == b"HELLO"
    assert status(aws, name) == "InProgress"
    aws.client("sagemaker").stop_processing_job(ProcessingJobName=name)
    assert ended(aws, name)["ProcessingJobStatus"] == "Stopped"


def test_processing_job_over_its_time_is_stopped(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/a.txt": "hello"})
    name = start(aws, bucket, wait=60, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert ended(aws, name)["ProcessingJobStatus"] == "Stopped"


@pytest.mark.parametrize(
    ("files", "reason"), [({"in/a.txt": "bad"}, "exit code: 3"), ({}, "No S3 objects found")], ids=["exits", "no-input"]
)
def test_processing_job_that_fails_says_why(aws: Aws, files: dict[str, str], reason: str) -> None:
    bucket = new_bucket(aws, **files)
    job = ended(aws, start(aws, bucket))
    assert job["ProcessingJobStatus"] == "Failed"
    assert reason in job["FailureReason"]


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        ({"InstanceType": "ml.g5.xlarge", "VolumeKmsKeyId": "alias/key"}, "local instance storage"),
        ({"InstanceType": "ml.none"}, "Member must satisfy enum value set"),
    ],
    ids=["key-on-local-disks", "unknown-instance-type"],
)
def test_processing_job_impossible_is_refused(aws: Aws, cluster: dict[str, Any], said: str) -> None:
    bucket = new_bucket(aws, **{"in/a.txt": "hello"})
    with pytest.raises(ClientError, match=said):
        start(aws, bucket, ProcessingResources={"ClusterConfig": CLUSTER | cluster})


def test_processing_job_name_used_twice_is_refused(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in/a.txt": "hello"})
    name = start(aws, bucket)
    with pytest.raises(ClientError, match=f"a job with this name already exists .{name}.") as refused:
        start(aws, bucket, ProcessingJobName=name)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
    assert ended(aws, name)["ProcessingJobStatus"] == "Completed"  # the first one goes on
