"""Jobs and endpoints of the embedded AWS on a bad night: no capacity, no quota, lost instances, killed processes."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws import test_sagemaker_processing as processing
from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import AddFault, Aws, wait_for
from tests.localaws.endpoints import invoke, new_config, new_endpoint, settled
from tests.localaws.events import Listener
from tests.localaws.test_sagemaker_training import ended, printed, request, run
from tests.localaws.test_sagemaker_transform import request as transform

SPOT = {"EnableManagedSpotTraining": True, "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90}}


def test_spot_interruption_resumes_from_the_newest_checkpoint(aws: Aws, fault: AddFault) -> None:
    bucket = new_bucket(aws, **{"data/a": "1"})
    checkpoints = {"CheckpointConfig": {"S3Uri": f"s3://{bucket}/checkpoints"}}
    wanted = request(aws, bucket, HyperParameters={"steps": "12"}, **SPOT, **checkpoints)
    name = wanted["TrainingJobName"]
    listener = Listener(aws, source=["aws.sagemaker"], detail={"TrainingJobName": [name]})
    aws.client("sagemaker").create_training_job(**wanted)
    assert wait_for(lambda: "step=2" in printed(aws, name))
    fault("spot-interruption", name)
    job = wait_for(lambda: ended(aws, name))
    events = listener.read()
    listener.close()
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed"), job
    states = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    first, second = ["Downloading", "Training", "Interrupted"], ["Starting", "Downloading", "Training"]
    assert states == [*first, *second, "Uploading", "Completed"]
    assert "Interrupted" in [event["detail"]["SecondaryStatus"] for event in events]
    lines = printed(aws, name)
    began, resumed = (int(line.removeprefix("resume=")) for line in lines if line.startswith("resume="))
    assert began == 0 and 2 <= resumed < 12
    assert [line for line in lines if line.startswith("step=")] == [f"step={number}" for number in range(1, 13)]
    assert job["BillableTimeInSeconds"] >= 3


def test_on_demand_job_is_not_interrupted(aws: Aws, fault: AddFault) -> None:
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}))
    fault("spot-interruption", wanted["TrainingJobName"])
    states = [transition["Status"] for transition in run(aws, wanted)["SecondaryStatusTransitions"]]
    assert "Interrupted" not in states


def test_spot_job_that_waits_too_long_is_stopped(aws: Aws, fault: AddFault) -> None:
    limits = {"MaxRuntimeInSeconds": 2, "MaxWaitTimeInSeconds": 2}
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}), HyperParameters={"sleep": "60"}, **SPOT)
    fault("spot-interruption", wanted["TrainingJobName"], after=1, times=0)
    job = run(aws, wanted | {"StoppingCondition": limits})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")


def test_job_without_capacity_fails_with_the_error_of_aws(aws: Aws, fault: AddFault) -> None:
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}))
    fault("capacity", wanted["TrainingJobName"])
    job = run(aws, wanted)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("CapacityError: Unable to provision requested ML compute capacity.")


def test_job_over_the_quota_is_refused(aws: Aws, fault: AddFault) -> None:
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}))
    fault("quota", wanted["TrainingJobName"])
    with pytest.raises(ClientError, match=r"'ml.g5.2xlarge for training job usage' is 0 Instances") as refused:
        aws.client("sagemaker").create_training_job(**wanted)
    assert refused.value.response["Error"]["Code"] == "ResourceLimitExceeded"
    aws.client("sagemaker").create_training_job(**wanted)  # the quota came


@pytest.mark.parametrize("usage", ["processing job", "transform job", "endpoint"])
def test_quota_is_asked_for_each_usage(aws: Aws, fault: AddFault, usage: str) -> None:
    sagemaker, kind = aws.client("sagemaker"), {"InstanceType": "ml.g5.12xlarge", "InstanceCount": 1}
    bucket, config = (
        new_bucket(aws, **{"in/a": "1"}),
        new_config(aws, "first", variant={"InstanceType": kind["InstanceType"], "InitialInstanceCount": 1}),
    )
    cluster = {"ProcessingResources": {"ClusterConfig": kind | {"VolumeSizeInGB": 5}}}
    asks: dict[str, Callable[[], Any]] = {
        "processing job": lambda: processing.start(aws, bucket, **cluster),
        "transform job": lambda: sagemaker.create_transform_job(**transform(aws, bucket, TransformResources=kind)),
        "endpoint": lambda: new_endpoint(aws, config),
    }
    fault("quota", "ml.g5.12x*", times=0)
    with pytest.raises(ClientError, match=f"'ml.g5.12xlarge for {usage} usage' is 0 Instances") as refused:
        asks[usage]()
    assert refused.value.response["Error"]["Code"] == "ResourceLimitExceeded"


def test_quota_of_gpus_does_not_refuse_other_instances(aws: Aws, fault: AddFault) -> None:
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}))
    fault("quota", "ml.g5.2xl*", times=0)
    with pytest.raises(ClientError, match=r"ml\.g5\.2xlarge for training job usage"):
        aws.client("sagemaker").create_training_job(**wanted)
    cpu = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
    assert run(aws, wanted | {"ResourceConfig": cpu})["TrainingJobStatus"] == "Completed"


def test_capacity_of_one_instance_type_leaves_the_next(aws: Aws, fault: AddFault) -> None:
    bucket = new_bucket(aws, **{"data/a": "1"})
    fault("capacity", "ml.g5.2xlarge")
    assert "CapacityError" in run(aws, request(aws, bucket))["FailureReason"]
    other = {"InstanceType": "ml.g5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5}
    assert run(aws, request(aws, bucket, ResourceConfig=other))["TrainingJobStatus"] == "Completed"


def test_killed_job_fails_with_its_exit_code(aws: Aws, fault: AddFault) -> None:
    wanted = request(aws, new_bucket(aws, **{"data/a": "1"}), HyperParameters={"sleep": "60"})
    fault("kill", wanted["TrainingJobName"], after=0.5)
    job = run(aws, wanted)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].endswith("exit code: 137")


def test_endpoint_update_without_capacity_keeps_what_it_has(aws: Aws, fault: AddFault) -> None:
    first = new_config(aws, "first")
    name = new_endpoint(aws, first)
    settled(aws, name)
    fault("capacity", name)
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=new_config(aws, "second"))
    endpoint = settled(aws, name)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", first)
    assert "InsufficientInstanceCapacity" in endpoint["FailureReason"]
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_killed_container_of_an_endpoint_is_started_again(aws: Aws, fault: AddFault) -> None:
    fault("kill", "endpoint-killed*", after=0.2)
    name = f"endpoint-killed-{uuid.uuid4().hex[:8]}"
    aws.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=new_config(aws, "first"))
    settled(aws, name)

    def fails() -> bool:
        try:
            return not invoke(aws, name)
        except ClientError as error:
            return error.response["OriginalStatusCode"] == 500

    assert wait_for(fails)
    assert wait_for(lambda: not fails())
    assert invoke(aws, name)["model"] == "first"
    aws.client("sagemaker").delete_endpoint(EndpointName=name)
