"""What a training job asks of SageMaker: pure functions from the spec to the request, so that tests can read it.

Imported by pipelines/train.py; nothing here calls AWS.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from functions.launch.aws import with_volume_key
from pipelines import project
from pipelines.snapshot import MANIFEST, Snapshot
from training.hosts import SHARDED

NUMBER = r"([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)"
METRICS = [{"Name": name, "Regex": rf"\b{name}={NUMBER}"} for name in ("metric", "baseline")]


@dataclass(frozen=True)
class Order:
    """What is to be trained, on what, and beside which live model."""

    image: str
    commit: str
    snapshot: Snapshot
    champion: dict[str, Any] | None = None  # what the parameter `live` of the last stage holds
    execution: str = ""  # of the pipeline that asks
    weights: str = ""  # the S3 folder of pre-trained weights that are learned further

    @property
    def identity(self) -> dict[str, str]:
        """What tells one order from another: which model is live meanwhile does not."""
        return {"MLOPS_COMMIT": self.commit, "MLOPS_DATA_VERSION": self.snapshot.version}

    @property
    def environment(self) -> dict[str, str]:
        """What the job learns about itself."""
        live = {"MLOPS_LIVE_VERSION": str(self.champion["version"])} if self.champion else {}
        return self.identity | live | ({"MLOPS_EXECUTION": self.execution} if self.execution else {})


def name(slug: str, commit: str, attempt: int, now: datetime | None = None) -> str:
    """A job's name is used once in an account for ever, so each attempt gets its own."""
    suffix = f"-{attempt + 1}" if attempt else ""
    return f"{slug}-{now or datetime.now(UTC):%Y%m%d%H%M%S}-{short(commit)}{suffix}"


def short(commit: str) -> str:
    """The beginning of a commit id; the version of an S3 source may hold more than a name allows."""
    return re.sub("[^A-Za-z0-9]", "", commit)[:8]


def request(spec: dict[str, Any], order: Order, job_name: str, instance_type: str) -> dict[str, Any]:
    """CreateTrainingJob for one attempt on one instance type."""
    job = {
        "TrainingJobName": job_name,
        "RoleArn": spec["role_arn"],
        "AlgorithmSpecification": {
            "TrainingImage": order.image,
            "TrainingInputMode": "File",
            "MetricDefinitions": METRICS,
        },
        "InputDataConfig": channels(spec, order),
        "OutputDataConfig": {
            "S3OutputPath": f"s3://{spec['models_bucket']}/training/",
            "KmsKeyId": spec["kms_key_arn"],
        },
        "ResourceConfig": resources(spec, instance_type),
        "CheckpointConfig": {"S3Uri": checkpoints(spec, order)},
        "StoppingCondition": {"MaxRuntimeInSeconds": spec["max_runtime_seconds"]},
        "Environment": order.environment,
        "EnableNetworkIsolation": spec["network_isolation"],
        "EnableInterContainerTrafficEncryption": spec["encrypt_inter_container_traffic"],
        "Tags": project.tags(spec),
    }
    if spec["subnet_ids"]:
        job["VpcConfig"] = {"Subnets": spec["subnet_ids"], "SecurityGroupIds": spec["security_group_ids"]}
    return with_spot(job, spec) if spec["use_spot"] else job


def checkpoints(spec: dict[str, Any], order: Order) -> str:
    """Where the jobs of one order leave their state: a second attempt goes on where the first one stopped."""
    return f"s3://{spec['models_bucket']}/checkpoints/{short(order.commit)}-{order.snapshot.version}/"


def channels(spec: dict[str, Any], order: Order) -> list[dict[str, Any]]:
    """What the job reads; the data comes first, and pipelines/register.py looks there.

    Where machines share the files of the snapshot, its manifest comes to each of them as a channel of its own. All are
    prefixes: FastFile is documented for these, https://docs.aws.amazon.com/sagemaker/latest/dg/model-access-training-data.html
    """
    distribution = spec["data_distribution"]
    data = channel("training", order.snapshot.uri, distribution) | {"InputMode": spec["input_mode"]}
    manifest = [channel("manifest", f"{order.snapshot.uri}{MANIFEST}")] if distribution == SHARDED else []
    live = [channel("champion", order.champion["model_data_url"])] if order.champion else []
    pretrained = [channel("weights", order.weights)] if order.weights else []
    return [data, *manifest, *live, *pretrained]


def channel(channel_name: str, uri: str, distribution: str = "FullyReplicated") -> dict[str, Any]:
    """The files under a prefix, on every instance or shared between them."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": distribution}
    return {"ChannelName": channel_name, "DataSource": {"S3DataSource": source}}


def resources(spec: dict[str, Any], instance_type: str) -> dict[str, Any]:
    """The machines, with their disks encrypted by the project's key or by their own hardware."""
    machines = {
        "InstanceType": instance_type,
        "InstanceCount": spec["instance_count"],
        "VolumeSizeInGB": spec["volume_size_gb"],
    }
    if spec["warm_pool_seconds"]:
        machines["KeepAlivePeriodInSeconds"] = spec["warm_pool_seconds"]
    return with_volume_key(machines, spec["kms_key_arn"])


def with_spot(job: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """Cheaper machines that may be taken away: the job resumes from its checkpoints, within a longer wait."""
    stopping = job["StoppingCondition"] | {"MaxWaitTimeInSeconds": spec["max_wait_seconds"]}
    return job | {"EnableManagedSpotTraining": True, "StoppingCondition": stopping}
