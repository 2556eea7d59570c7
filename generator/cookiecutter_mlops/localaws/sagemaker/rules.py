"""What AWS refuses when a job or an endpoint configuration is created, and what cannot be run on one machine."""

import re
from collections import Counter
from typing import Any

from cookiecutter_mlops.localaws import faults
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated
from cookiecutter_mlops.localaws.sagemaker import channels, cluster, storage
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ValidationException
from cookiecutter_mlops.localaws.sagemaker.kinds import MODEL

# Instances whose disks are their own: these are encrypted by hardware, and SageMaker takes no key for them.
_LOCAL_STORAGE = re.compile(r"ml\.(g4dn|g5|g6e?|p3dn|p4de?|p5e?n?|trn1n?|[cmr]5a?dn?|[cmr]6i?dn?|[cmr]6gd)\.")


def check_training_job(backend: Operations, request: dict[str, Any]) -> None:
    """Refuse what AWS refuses when the job is created, and what cannot be run on one machine."""
    stopping = request.get("StoppingCondition", {})
    runtime_limit, wait = stopping.get("MaxRuntimeInSeconds", 86400), stopping.get("MaxWaitTimeInSeconds")
    if request.get("EnableManagedSpotTraining"):
        if wait is None or wait < runtime_limit:
            raise ValidationException(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
            )
    elif wait is not None:
        raise ValidationException(
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
        )
    resources = request["ResourceConfig"]
    if request.get("EnableManagedSpotTraining") and resources.get("KeepAlivePeriodInSeconds"):
        raise ValidationException("KeepAlivePeriodInSeconds is not supported when EnableManagedSpotTraining is true.")
    usage = "spot training job" if request.get("EnableManagedSpotTraining") else "training job"
    _check_instances(request["TrainingJobName"], resources, usage)
    for channel in request.get("InputDataConfig", []):
        _check_channel(backend, channel, channels.mode(request, channel), request["RoleArn"])


def check_processing_job(request: dict[str, Any]) -> None:
    """Refuse what AWS refuses, and what cannot be run on one machine."""
    for item in request.get("ProcessingInputs", []):
        if "S3Input" not in item or item["S3Input"].get("S3InputMode", "File") != "File":
            raise NotEmulated(f"processing inputs other than S3Input in File mode (input {item['InputName']})")
    _check_instances(request["ProcessingJobName"], request["ProcessingResources"]["ClusterConfig"], "processing job")


def check_transform_job(backend: Operations, request: dict[str, Any]) -> None:
    """Refuse an unknown model and payloads over AWS's limits; say what is not emulated."""
    backend.documents.find(MODEL, request)
    payload, concurrent = request.get("MaxPayloadInMB", 6), request.get("MaxConcurrentTransforms") or 1
    if payload > 100 or payload * concurrent > 100:
        raise ValidationException(
            "MaxPayloadInMB, and MaxConcurrentTransforms * MaxPayloadInMB, cannot be greater than 100 "
            f"(got: {payload}, {concurrent * payload})."
        )
    if request["TransformInput"].get("SplitType", "None") not in ("None", "Line"):
        raise NotEmulated(f"SplitType {request['TransformInput']['SplitType']} of transform jobs")
    if "DataCaptureConfig" in request:
        raise NotEmulated("DataCaptureConfig of transform jobs")
    resources = request["TransformResources"]
    _check_instances(request["TransformJobName"], resources, "transform job")


def _check_instances(name: str, resources: dict[str, Any], usage: str) -> None:
    """Refuse instances over the quota, keys for their own disks, and groups beside a plain number of instances."""
    groups = resources.get("InstanceGroups")
    if bool(groups) == ("InstanceCount" in resources or "InstanceType" in resources):
        raise ValidationException(
            "Either InstanceGroups, or both InstanceType and InstanceCount, must be specified in ResourceConfig."
        )
    kinds = Counter(instance.kind for instance in cluster.planned(resources))
    for kind, count in kinds.items():
        check_quota(name, kind, usage, count)
        _check_key(resources.get("VolumeKmsKeyId"), "VolumeKmsKeyId", kind)


def check_quota(name: str, instance_type: str, usage: str, count: int = 1) -> None:
    """Refuse a job or endpoint while a fault says that the account has no quota, in AWS's sentence."""
    if faults.take("quota", name, instance_type):
        raise AwsError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{instance_type} for {usage} usage' is 0 Instances, with current "
            f"utilization of 0 Instances and a request delta of {count} Instances. Please use AWS Service Quotas to "
            "request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to "
            "request an increase for this quota.",
        )


def check_endpoint_quota(name: str, config: dict[str, Any]) -> None:
    """Refuse instances of which the account may have none."""
    for variant in config["ProductionVariants"]:
        if "InstanceType" in variant:
            check_quota(name, variant["InstanceType"], "endpoint")


def _check_channel(backend: Operations, channel: dict[str, Any], mode: str, role: str) -> None:
    source = channel["DataSource"].get("S3DataSource", {})
    for member in ("CompressionType", "RecordWrapperType", "ShuffleConfig"):
        if channel.get(member, "None") != "None":
            raise NotEmulated(f"{member} of channels (channel {channel['ChannelName']})")
    if mode == "Pipe" or source.get("S3DataType") not in ("S3Prefix", "ManifestFile"):
        kind = f"{source.get('S3DataType', 'FileSystemDataSource')} in mode {mode}"
        raise NotEmulated(
            f"channels other than S3Prefix and ManifestFile in mode File or FastFile "
            f"(channel {channel['ChannelName']}: {kind})"
        )
    if not storage.objects(backend.account_id, source["S3Uri"]):
        bucket = storage.split(source["S3Uri"])[0]
        raise ValidationException(
            f'No S3 objects found under S3 URL "{source["S3Uri"]}" given in input data source. Please ensure that the '
            f"bucket exists in the selected region ({backend.region_name}), that objects exist under that S3 prefix, "
            f'and that the role "{role}" has "s3:ListBucket" permissions on bucket "{bucket}".'
        )


def check_endpoint_config(backend: Operations, request: dict[str, Any]) -> None:
    """Refuse unknown models, and what serverless variants and local disks do not allow."""
    for variant in request["ProductionVariants"]:
        model = backend.documents.find(MODEL, variant)
        _check_key(request.get("KmsKeyId"), "KmsKeyId", variant.get("InstanceType", ""))
        if "ServerlessConfig" in variant:
            _check_serverless(request, variant, model)
        elif "InstanceType" not in variant:
            raise ValidationException(
                f"Variant {variant['VariantName']} must have either InstanceType or ServerlessConfig."
            )


def _check_serverless(request: dict[str, Any], variant: dict[str, Any], model: dict[str, Any]) -> None:
    """See https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html, feature exclusions."""
    excluded = {
        "VpcConfig": model.get("VpcConfig"),
        "EnableNetworkIsolation": model.get("EnableNetworkIsolation"),
        "inference pipelines (several Containers)": len(model.get("Containers", [])) > 1,
        "InstanceType (GPU and other instances)": variant.get("InstanceType") or variant.get("InitialInstanceCount"),
        "DataCaptureConfig": request.get("DataCaptureConfig"),
        "AsyncInferenceConfig": request.get("AsyncInferenceConfig"),
        "several ProductionVariants": len(request["ProductionVariants"]) > 1,
    }
    if unsupported := [name for name, is_used in excluded.items() if is_used]:
        raise ValidationException(
            f"Serverless variant {variant['VariantName']}: {', '.join(unsupported)} not supported for serverless "
            "inference."
        )
    memory = variant["ServerlessConfig"]["MemorySizeInMB"]
    if memory % 1024:
        raise ValidationException(f"MemorySizeInMB must be one of 1024, 2048, 3072, 4096, 5120, 6144 (got: {memory}).")


def check_guardrails(endpoint: dict[str, Any], config: dict[str, Any], routing: str) -> None:
    """Refuse to shift traffic step by step where SageMaker cannot: serverless variants, or variants of other names."""
    variants, before = config["ProductionVariants"], endpoint["ProductionVariants"]
    if routing == "ALL_AT_ONCE":
        return
    if any("ServerlessConfig" in variant for variant in variants):
        raise ValidationException(f"Traffic routing type {routing} is not supported for serverless endpoints.")
    if {v["VariantName"] for v in variants} != {v["VariantName"] for v in before}:
        raise ValidationException(
            "The new endpoint configuration must have the same variant names as the old one to use deployment "
            f"guardrails ({routing})."
        )


def _check_key(key: str | None, name: str, instance_type: str) -> None:
    if key and _LOCAL_STORAGE.match(instance_type):
        raise ValidationException(f"{name} is not supported for {instance_type}, which has local instance storage.")
