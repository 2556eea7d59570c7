"""Training jobs of the embedded AWS, as boto3 sees them."""

import io
import json
import tarfile
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket, push_bundle
from tests.localaws.conftest import ACCOUNT, REGION, Aws, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/training"
GPU = {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5}
LIMIT = {"MaxRuntimeInSeconds": 60}
ENDED = ("Completed", "Failed", "Stopped")


def request(aws: Aws, bucket: str, **changes: Any) -> dict[str, Any]:
    name = f"job-{uuid.uuid4().hex[:8]}"
    channel = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/", "S3DataDistributionType": "FullyReplicated"}
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": push_bundle(aws),
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "metric", "Regex": r"metric=([0-9.]+)"}],
        },
        "InputDataConfig": [{"ChannelName": "training", "DataSource": {"S3DataSource": channel}}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/out/"},
        "ResourceConfig": GPU,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changes,
    }


def run(aws: Aws, wanted: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
    sagemaker = aws.client("sagemaker")
    sagemaker.create_training_job(**wanted)
    return wait_for(lambda: ended(aws, wanted["TrainingJobName"]), seconds=seconds)


def ended(aws: Aws, name: str) -> dict[str, Any] | None:
    job = aws.client("sagemaker").describe_training_job(TrainingJobName=name)
    return job if job["TrainingJobStatus"] in ENDED else None


def unpacked(aws: Aws, uri: str) -> dict[str, bytes]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}  # type: ignore[union-attr]


def test_training_job_completes_under_the_container_contract(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"data/a.csv": "1", "data/sub/b.csv": "2", "data/gone.csv": "3", "other": "4"})
    aws.client("s3").delete_object(Bucket=bucket, Key="data/gone.csv")
    wanted = request(aws, bucket, HyperParameters={"answer": "7"}, Environment={"MLOPS_COMMIT": "abc"})
    job = run(aws, wanted)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed"), job
    assert [m["Value"] for m in job["FinalMetricDataList"]] == [0.125]
    states = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert states == ["Downloading", "Training", "Uploading", "Completed"]
    artifacts = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert artifacts == f"s3://{bucket}/out/{wanted['TrainingJobName']}/output/model.tar.gz"
    assert unpacked(aws, artifacts) == {"answer.txt": b"7"}
    seen = json.loads(unpacked(aws, artifacts.replace("model.tar", "output.tar"))["seen.json"])
    assert seen["rows"] == ["training/a.csv", "training/sub/b.csv"]
    assert seen["settings"] == {"answer": "7"}
    assert seen["resources"]["current_instance_type"] == "ml.g5.2xlarge"
    assert seen["channels"]["training"]["TrainingInputMode"] == "File"
    assert seen["env"]["MLOPS_COMMIT"] == "abc"
    assert seen["env"]["TRAINING_JOB_NAME"] == wanted["TrainingJobName"]
    assert seen["env"]["AWS_ENDPOINT_URL"] == aws.url


def test_training_job_log_is_in_cloudwatch(aws: Aws) -> None:
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}))
    run(aws, wanted)
    logs, group = aws.client("logs"), "/aws/sagemaker/TrainingJobs"
    events = logs.get_log_events(logGroupName=group, logStreamName=f"{wanted['TrainingJobName']}/algo-1")["events"]
    assert [event["message"] for event in events] == ["metric=0.25", "metric=0.125"]


def test_training_job_isolated_finds_no_aws(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"data/a": "1"})
    wanted = request(aws, bucket, EnableNetworkIsolation=True)
    job = run(aws, wanted)
    output = job["ModelArtifacts"]["S3ModelArtifacts"].replace("model.tar", "output.tar")
    environment = json.loads(unpacked(aws, output)["seen.json"])["env"]
    assert not {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"} & environment.keys()


def test_training_job_failure_gives_the_reason_it_wrote(aws: Aws) -> None:
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}), HyperParameters={"fail": "column wage is missing"})
    job = run(aws, wanted)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: column wage is missing, exit code: 1"
    assert "ModelArtifacts" not in job


def test_training_job_checkpoints_resume_from_s3(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"data/a": "1", "checkpoints/epoch-0": "0"})
    spot = {"EnableManagedSpotTraining": True, "CheckpointConfig": {"S3Uri": f"s3://{bucket}/checkpoints"}}
    limits = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120}
    job = run(aws, request(aws, bucket, StoppingCondition=limits, **spot))
    output = job["ModelArtifacts"]["S3ModelArtifacts"].replace("model.tar", "output.tar")
    assert json.loads(unpacked(aws, output)["seen.json"])["before"] == ["epoch-0"]
    keys = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="checkpoints/")["Contents"]
    assert [key["Key"] for key in keys] == ["checkpoints/epoch-0", "checkpoints/epoch-1"]


def test_training_job_stopped_keeps_what_it_saved(aws: Aws) -> None:
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}), HyperParameters={"sleep": "60"})
    aws.client("sagemaker").create_training_job(**wanted)
    assert wait_for(lambda: asleep(aws, wanted["TrainingJobName"]))
    aws.client("sagemaker").stop_training_job(TrainingJobName=wanted["TrainingJobName"])
    job = wait_for(lambda: ended(aws, wanted["TrainingJobName"]))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert unpacked(aws, job["ModelArtifacts"]["S3ModelArtifacts"]) == {"stopped": b"yes"}


def test_training_job_over_its_time_is_stopped(aws: Aws) -> None:
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}), HyperParameters={"sleep": "60"})
    job = run(aws, wanted | {"StoppingCondition": {"MaxRuntimeInSeconds": 1}})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_training_job_name_used_twice_is_refused(aws: Aws) -> None:
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}))
    run(aws, wanted)
    with pytest.raises(ClientError) as refused:
        aws.client("sagemaker").create_training_job(**wanted)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"EnableManagedSpotTraining": True}, "It must be present"),
        (
            {"EnableManagedSpotTraining": True, "StoppingCondition": {**LIMIT, "MaxWaitTimeInSeconds": 59}},
            "greater than or equal to MaxRuntimeInSeconds",
        ),
        ({"StoppingCondition": {**LIMIT, "MaxWaitTimeInSeconds": 60}}, "only supported when EnableManagedSpotTraining"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {**LIMIT, "MaxWaitTimeInSeconds": 60},
                "ResourceConfig": GPU | {"KeepAlivePeriodInSeconds": 60},
            },
            "KeepAlivePeriodInSeconds",
        ),
        *[
            (
                {"ResourceConfig": GPU | {"InstanceType": kind, "VolumeKmsKeyId": "alias/key"}},
                f"VolumeKmsKeyId is not supported for {kind}, which has local instance storage",
            )
            for kind in ("ml.g5.2xlarge", "ml.g4dn.xlarge", "ml.p4d.24xlarge")
        ],
        ({"ResourceConfig": {"VolumeSizeInGB": 5}}, "Either InstanceGroups, or both InstanceType and InstanceCount"),
        ({"AlgorithmSpecification": {"TrainingImage": "nobody/has:it", "TrainingInputMode": "File"}}, "nobody/has:it"),
    ],
    ids=[
        "spot-without-wait",
        "spot-wait-too-short",
        "wait-without-spot",
        "warm-spot",
        "key-on-disks-of-g5",
        "key-on-disks-of-g4dn",
        "key-on-disks-of-p4d",
        "no-instances",
        "unknown-image",
    ],
)
def test_training_job_impossible_is_refused_and_leaves_nothing(aws: Aws, changes: dict[str, Any], said: str) -> None:
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}), **changes)
    with pytest.raises(ClientError, match=said) as refused:
        aws.client("sagemaker").create_training_job(**wanted)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    names = [job["TrainingJobName"] for job in aws.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]]
    assert wanted["TrainingJobName"] not in names


def test_training_job_without_data_is_refused(aws: Aws) -> None:
    with pytest.raises(ClientError, match="No S3 objects found"):
        aws.client("sagemaker").create_training_job(**request(aws, new_bucket(aws)))


def test_training_job_end_is_an_event(aws: Aws) -> None:
    queue = aws.client("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.rsplit('/', 1)[1]}"
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}))
    told = {"TrainingJobName": [wanted["TrainingJobName"]], "TrainingJobStatus": ["Completed"]}
    pattern = {"source": ["aws.sagemaker"], "detail": told}
    events, rule = aws.client("events"), f"rule-{uuid.uuid4().hex[:8]}"
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": arn}])
    run(aws, wanted)
    messages = wait_for(lambda: aws.client("sqs").receive_message(QueueUrl=queue).get("Messages"))
    detail = json.loads(messages[0]["Body"])["detail"]
    events.remove_targets(Rule=rule, Ids=["q"])
    events.delete_rule(Name=rule)
    assert detail["SecondaryStatus"] == "Completed"


def asleep(aws: Aws, name: str) -> bool:
    return "asleep" in printed(aws, name)


def printed(aws: Aws, name: str, host: str = "algo-1") -> list[str]:
    """Return the lines that a host of a job has written so far; the first line of all makes the group."""
    logs, group, stream = aws.client("logs"), "/aws/sagemaker/TrainingJobs", f"{name}/{host}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    if not logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]:
        return []
    events = logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
    return [event["message"] for event in events]
