"""Specs as Terraform publishes them, for the tests of the pipelines."""

from typing import Any

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
GROUP_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/wages"


def training_spec(**changes: Any) -> dict[str, Any]:
    return {
        "project_slug": "wages",
        "role_arn": "arn:aws:iam::123456789012:role/wages-training",
        "image_repository_url": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/wages",
        "image_repository_name": "wages",
        "model_package_group": "wages",
        "instance_types": ["ml.m5.xlarge", "ml.g5.2xlarge"],
        "instance_count": 1,
        "input_mode": "File",
        "data_distribution": "FullyReplicated",
        "use_spot": False,
        "max_runtime_seconds": 3600,
        "max_wait_seconds": 7200,
        "warm_pool_seconds": 0,
        "volume_size_gb": 50,
        "kms_key_arn": KEY,
        "network_isolation": True,
        "encrypt_inter_container_traffic": True,
        "preprocessing": None,
        "subnet_ids": [],
        "security_group_ids": [],
        "data_bucket": "wages-data",
        "models_bucket": "wages-models",
        "artifacts_bucket": "wages-artifacts",
        "stages": ["staging", "prod"],
        "model_approval": "manual",
        "release_pipeline": "wages-release",
        "tags": {"project": "wages", "owner": "ml-team@example.com"},
        **changes,
    }


def endpoint_spec(**changes: Any) -> dict[str, Any]:
    return {
        "project_slug": "wages",
        "stage": "prod",
        "endpoint_name": "wages-prod",
        "kind": "real-time",
        "role_arn": "arn:aws:iam::123456789012:role/wages-prod-endpoint",
        "kms_key_arn": KEY,
        "network_isolation": True,
        "subnet_ids": [],
        "security_group_ids": [],
        "instance_type": "ml.m5.large",
        "instance_count": 1,
        "serverless": None,
        "asynchronous": None,
        "data_capture": {"percentage": 100, "s3_uri": "s3://wages-data/capture/prod/"},
        "deployment": {"policy": None, "alarms": []},
        "autoscaling": None,
        "latency_ms": 60_000,
        "models_bucket": "wages-models",
        "model_package_group": "wages",
        "tags": {"project": "wages", "stage": "prod"},
        **changes,
    }


SERVERLESS = {
    "kind": "serverless",
    "instance_type": None,
    "instance_count": None,
    "serverless": {"memory_mb": 2048, "max_concurrency": 5},
    "data_capture": None,
    "deployment": None,
}
ASYNCHRONOUS = {
    "kind": "asynchronous",
    "data_capture": None,
    "asynchronous": {
        "input_s3_uri": "s3://wages-data/asynchronous/prod/input/",
        "output_s3_uri": "s3://wages-data/asynchronous/prod/output/",
        "failure_s3_uri": "s3://wages-data/asynchronous/prod/failure/",
    },
}


def package(version: int = 3, status: str = "Approved", **facts: str) -> dict[str, Any]:
    """A model package, as DescribeModelPackage tells it."""
    known = {"commit": "1a2b3c4d", "data_version": "20260102T030405Z-aaaaaaaa", "sample": "false", "verdict": "passed"}
    known |= {"metric": "mae", "value": "224.1", "baseline": "306", "settings_sha256": "5e77", "reason": "new data"}
    known |= {
        "train_image": "repository@sha256:7",
        "baseline_s3_uri": f"s3://wages-models/evaluations/{version}/baseline.json",
    }
    model = {
        "Image": "repository@sha256:0",
        "ModelDataUrl": f"s3://wages-models/training/{version}/output/model.tar.gz",
    }
    return {
        "ModelPackageArn": f"{GROUP_ARN}/{version}",
        "ModelPackageVersion": version,
        "ModelApprovalStatus": status,
        "ApprovalDescription": "baseline: mae 224",
        "InferenceSpecification": {"Containers": [model]},
        "CustomerMetadataProperties": known | facts,
    }


def registry(*packages: dict[str, Any]) -> dict[str, Any]:
    """Answers of a registry that holds these packages."""
    by_arn = {entry["ModelPackageArn"]: entry for entry in packages}

    def listed(request: dict[str, Any]) -> dict[str, Any]:
        wanted = request.get("ModelApprovalStatus")
        found = [entry for entry in packages if wanted in (None, entry["ModelApprovalStatus"])]
        return {"ModelPackageSummaryList": found}

    return {
        "ListModelPackages": listed,
        "DescribeModelPackage": lambda request: by_arn[request["ModelPackageName"]],
        "UpdateModelPackage": {},
    }
