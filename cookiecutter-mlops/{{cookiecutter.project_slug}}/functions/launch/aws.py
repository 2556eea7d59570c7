"""What monitoring and batch inference share: clients, parameters, lists of objects, starting a job once, metrics."""

import json
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

MOST = 500  # metrics in one call
Metric = tuple[str, float, str | None]  # name, value, feature
# Families whose local disks are encrypted by their own hardware: SageMaker refuses a volume key for them.
NVME = {
    "g4dn", "g5", "g6", "g6e", "gr6", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "trn1", "trn1n", "inf2", "m5d",
    "m5dn", "m6gd", "m6id", "m6idn", "c5d", "c6gd", "c6id", "c6idn", "r5d", "r5dn", "r6gd", "r6id",
}  # fmt: skip


@cache
def client(service: str) -> Any:
    """A client that tries again while AWS is busy; one for each service."""
    return boto3.client(service, config=Config(retries={"mode": "standard", "max_attempts": 8}))


def parameter(name: str) -> dict[str, Any] | None:
    """A JSON parameter of this stage, or None where there is none."""
    path = f"/{os.environ['PROJECT']}/{os.environ['STAGE']}/{name}"
    try:
        return json.loads(client("ssm").get_parameter(Name=path)["Parameter"]["Value"])
    except client("ssm").exceptions.ParameterNotFound:
        return None


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def objects(uri: str, most: int | None = None) -> Iterator[dict[str, Any]]:
    """The objects under a prefix; `most` ends the list early."""
    bucket, prefix = split(uri)
    pages = client("s3").get_paginator("list_objects_v2")
    settings = {} if most is None else {"MaxItems": most, "PageSize": most}
    for page in pages.paginate(Bucket=bucket, Prefix=prefix, PaginationConfig=settings):
        yield from page.get("Contents", [])


def exists(uri: str) -> bool:
    """Whether there is an object under a prefix: SageMaker fails a job with an empty input."""
    return any(objects(uri, most=1))


def put_json(uri: str, content: Any) -> str:
    """Write JSON to `s3://bucket/key`, and return that."""
    bucket, key = split(uri)
    client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(content).encode(), ContentType="application/json")
    return uri


def get_json(uri: str) -> Any:
    """Read JSON from `s3://bucket/key`."""
    bucket, key = split(uri)
    return json.loads(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def manifest(bucket: str, keys: list[str], uri: str) -> str:
    """Write SageMaker's list of exact objects."""
    return put_json(uri, [{"prefix": f"s3://{bucket}/"}, *keys])


def start_once(operation: str, request: dict[str, Any], name: str) -> tuple[str, str, str]:
    """Start a job; a job of that name that is already there is what a retry should find."""
    try:
        getattr(client("sagemaker"), operation)(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUse" and "already exists" not in str(error):
            raise
        return "exists", name, f"{name} was started before."
    return "started", name, f"{name} runs."


def has_nvme(instance_type: str) -> bool:
    """Whether an instance type such as ml.g5.2xlarge brings encrypted disks of its own."""
    return instance_type.split(".")[1] in NVME


def with_volume_key(machines: dict[str, Any], key: str) -> dict[str, Any]:
    """The same machines, their disks encrypted by a key where their own hardware does not do it."""
    return machines if has_nvme(machines["InstanceType"]) else machines | {"VolumeKmsKeyId": key}


def cluster(spec: dict[str, Any]) -> dict[str, Any]:
    """The machine of a processing job, its disk encrypted by the project's key or by its own hardware."""
    machines = {"InstanceCount": 1, "InstanceType": spec["instance_type"], "VolumeSizeInGB": spec["volume_size_gb"]}
    return {"ClusterConfig": with_volume_key(machines, spec["kms_key_arn"])}


def tags(spec: dict[str, Any]) -> list[dict[str, str]]:
    """The tags of a job, as its stage's resources have them."""
    return [{"Key": "project", "Value": spec["project_slug"]}, {"Key": "stage", "Value": spec["stage"]}]


def publish(spec: dict[str, Any], metrics: list[Metric], moment: Any) -> None:
    """Put metrics of this stage at a moment, each for the stage as a whole or for one of its features."""
    data = [
        {
            "MetricName": name,
            "Value": value,
            "Timestamp": moment,
            "Dimensions": [{"Name": "Stage", "Value": spec["stage"]}, *_of(feature)],
        }
        for name, value, feature in metrics
    ]
    for start in range(0, len(data), MOST):
        client("cloudwatch").put_metric_data(Namespace=spec["namespace"], MetricData=data[start : start + MOST])


def _of(feature: str | None) -> list[dict[str, str]]:
    """CloudWatch takes ASCII only, and at most 255 characters: a name in any language stays one of a kind."""
    if feature is None:
        return []
    return [{"Name": "Feature", "Value": feature.encode("ascii", "xmlcharrefreplace").decode()[:255]}]
