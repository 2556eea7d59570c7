"""What a training job asks of SageMaker: pure functions from the spec to the request, so that tests can read it.

Imported by pipelines/train.py; nothing here calls AWS.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.snapshot import Snapshot

# Families whose local disks are encrypted by their own hardware: SageMaker refuses a volume key for them.
NVME = {
    "g4dn", "g5", "g6", "g6e", "gr6", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "trn1", "trn1n", "inf2", "m5d",
    "m5dn", "m6gd", "m6id", "m6idn", "c5d", "c6gd", "c6id", "c6idn", "r5d", "r5dn", "r6gd", "r6id",
}  # fmt: skip
NUMBER = r"([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)"
METRICS = [{"Name": name, "Regex": rf"\b{name}={NUMBER}"} for name in ("metric", "baseline")]


@dataclass(frozen=True)
class Order:
    """What is to be trained, and on what."""

    image: str
    commit: str
    snapshot: Snapshot

    @property
    def environment(self) -> dict[str, str]:
        """What the job learns about itself; also what tells one order from another."""
        return {"MLOPS_COMMIT": self.commit, "MLOPS_DATA_VERSION": self.snapshot.version}


def has_nvme(instance_type: str) -> bool:
    """Whether an instance type such as ml.g5.2xlarge brings encrypted disks of its own."""
    return instance_type.split(".")[1] in NVME


def name(slug: str, commit: str, attempt: int, now: datetime | None = None) -> str:
    """A job's name is used once in an account for ever, so each attempt gets its own."""
    short = re.sub("[^A-Za-z0-9]", "", commit)[:8]
    suffix = f"-{attempt + 1}" if attempt else ""
    return f"{slug}-{now or datetime.now(UTC):%Y%m%d%H%M%S}-{short}{suffix}"


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
        "InputDataConfig": [channel("training", order.snapshot.uri)],
        "OutputDataConfig": {
            "S3OutputPath": f"s3://{spec['models_bucket']}/training/",
            "KmsKeyId": spec["kms_key_arn"],
        },
        "ResourceConfig": resources(spec, instance_type),
        "StoppingCondition": {"MaxRuntimeInSeconds": spec["max_runtime_seconds"]},
        "Environment": order.environment,
        "EnableNetworkIsolation": spec["network_isolation"],
        "EnableInterContainerTrafficEncryption": spec["encrypt_inter_container_traffic"],
        "Tags": [{"Key": "project", "Value": spec["project_slug"]}],
    }
    if spec["subnet_ids"]:
        job["VpcConfig"] = {"Subnets": spec["subnet_ids"], "SecurityGroupIds": spec["security_group_ids"]}
    return with_spot(job, spec) if spec["use_spot"] else job


def channel(channel_name: str, uri: str) -> dict[str, Any]:
    """Every file under a prefix, on every instance."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": channel_name, "DataSource": {"S3DataSource": source}}


def resources(spec: dict[str, Any], instance_type: str) -> dict[str, Any]:
    """The machines, with their disks encrypted by the project's key or by their own hardware."""
    machines = {
        "InstanceType": instance_type,
        "InstanceCount": spec["instance_count"],
        "VolumeSizeInGB": spec["volume_size_gb"],
    }
    return machines if has_nvme(instance_type) else machines | {"VolumeKmsKeyId": spec["kms_key_arn"]}


def with_spot(job: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """Cheaper machines that may be taken away: the job resumes from its checkpoints, within a longer wait."""
    checkpoints = {"S3Uri": f"s3://{spec['models_bucket']}/checkpoints/{job['TrainingJobName']}/"}
    stopping = job["StoppingCondition"] | {"MaxWaitTimeInSeconds": spec["max_wait_seconds"]}
    return job | {
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": checkpoints,
        "StoppingCondition": stopping,
    }
