"""Moves an endpoint to a new configuration, from whatever state it is in, and checks that it got there.

Imported by pipelines/deploy.py and destroy.py. Models and configurations are never changed: each release makes its own,
SageMaker switches from one to the other, and when it switches back by itself, this is an error here.
"""

import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from functions.launch.aws import has_nvme
from pipelines import logs, project
from pipelines.packages import Package
from pipelines.project import PipelineError

VARIANT = "AllTraffic"  # alarms and scaling are declared for the variant of this name
BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
DEAD = ("Failed", "OutOfService", "UpdateRollbackFailed")  # cannot be updated, only made anew


class RolledBack(PipelineError):
    """An alarm rang while the new model had traffic, and SageMaker gave it back to the one before."""


def model_request(spec: dict[str, Any], package: Package, name: str) -> dict[str, Any]:
    """CreateModel: the package's own image, so that the code of its commit serves, whatever HEAD is."""
    model: dict[str, Any] = {
        "ModelName": name,
        "ExecutionRoleArn": spec["role_arn"],
        "PrimaryContainer": {"Image": package.image, "ModelDataUrl": package.model_data_url},
        "Tags": project.tags(spec),
    }
    # Asynchronous requests come from S3 and may have a gigabyte; the server's own limit is 6 MB.
    large = {"SAGEMAKER_MAX_PAYLOAD_IN_MB": "1024"} if spec["asynchronous"] else {}
    if environment := package.environment | large:
        model["PrimaryContainer"]["Environment"] = environment
    if spec["kind"] == "serverless":  # SageMaker takes neither isolation nor a VPC there
        return model
    if spec["subnet_ids"]:
        model["VpcConfig"] = {"Subnets": spec["subnet_ids"], "SecurityGroupIds": spec["security_group_ids"]}
    return model | {"EnableNetworkIsolation": spec["network_isolation"]}


def config_request(spec: dict[str, Any], name: str) -> dict[str, Any]:
    """CreateEndpointConfig for the model of the same name."""
    config: dict[str, Any] = {
        "EndpointConfigName": name,
        "ProductionVariants": [variant(spec, name)],
        "Tags": project.tags(spec),
    }
    if spec["kind"] == "serverless" or not has_nvme(spec["instance_type"]):
        config["KmsKeyId"] = spec["kms_key_arn"]
    if spec["data_capture"]:
        config["DataCaptureConfig"] = data_capture(spec)
    if spec["asynchronous"]:
        places = spec["asynchronous"]
        output = {"S3OutputPath": places["output_s3_uri"], "S3FailurePath": places["failure_s3_uri"]}
        config["AsyncInferenceConfig"] = {"OutputConfig": output | {"KmsKeyId": spec["kms_key_arn"]}}
    return config


def variant(spec: dict[str, Any], model: str) -> dict[str, Any]:
    """The machines behind the endpoint, or their absence."""
    if not spec["serverless"]:
        machines = {"InstanceType": spec["instance_type"], "InitialInstanceCount": spec["instance_count"]}
        return {"VariantName": VARIANT, "ModelName": model, **machines, **startup(spec)}
    limits = {
        "MemorySizeInMB": spec["serverless"]["memory_mb"],
        "MaxConcurrency": spec["serverless"]["max_concurrency"],
    }
    return {"VariantName": VARIANT, "ModelName": model, "ServerlessConfig": limits}


def startup(spec: dict[str, Any]) -> dict[str, Any]:
    """Time for gigabytes to be fetched and loaded, and the driver for it, where another image than ours serves."""
    if not (serving := spec.get("serving")):
        return {}
    names = ("ModelDataDownloadTimeoutInSeconds", "ContainerStartupHealthCheckTimeoutInSeconds")
    times = dict.fromkeys(names, serving["startup_seconds"])
    return times | ({"InferenceAmiVersion": serving["ami"]} if serving["ami"] else {})


def data_capture(spec: dict[str, Any]) -> dict[str, Any]:
    """What monitoring will read: requests and answers, as JSON or CSV rather than base64."""
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": spec["data_capture"]["percentage"],
        "DestinationS3Uri": spec["data_capture"]["s3_uri"],
        "KmsKeyId": spec["kms_key_arn"],
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"], "CsvContentTypes": ["text/csv"]},
    }


def update_request(spec: dict[str, Any], config: str, ringing: list[str]) -> dict[str, Any]:
    """UpdateEndpoint: canary and rollback where the kind allows them, and machines that scaling added are kept."""
    request: dict[str, Any] = {"EndpointName": spec["endpoint_name"], "EndpointConfigName": config}
    if spec["autoscaling"]:
        request |= {
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DataCaptureConfig"}],
        }
    deployment = spec["deployment"] or {}
    # What is live is failing already: nothing to go back to, and SageMaker takes no alarm that rings.
    if ringing or not deployment.get("policy"):
        return request
    guard = {"BlueGreenUpdatePolicy": deployment["policy"]}
    if deployment["alarms"]:
        guard["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": alarm} for alarm in deployment["alarms"]]}
    return request | {"DeploymentConfig": guard}


def ringing_alarms(spec: dict[str, Any]) -> list[str]:
    """Which of the alarms that guard a release ring now."""
    names = (spec["deployment"] or {}).get("alarms")
    if not names:
        return []
    found = project.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return [alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM"]


def release(spec: dict[str, Any], package: Package, name: str) -> None:
    """Make model and configuration, switch the endpoint to them, and undo both if it does not take them."""
    sagemaker = project.client("sagemaker")
    sagemaker.create_model(**model_request(spec, package, name))
    sagemaker.create_endpoint_config(**config_request(spec, name))
    try:
        switch(spec, name)
    except (PipelineError, ClientError):
        discard(name)
        raise


def switch(spec: dict[str, Any], config: str) -> None:
    """Create or update the endpoint; only the configuration that it serves afterwards tells what happened."""
    name, sagemaker = spec["endpoint_name"], project.client("sagemaker")
    current = settled(name)
    if current and current["EndpointStatus"] in DEAD:
        print(f"{name} is {current['EndpointStatus']}: deleting it and making a new one", flush=True)
        delete(name)
        current = None
    if current:
        ringing = ringing_alarms(spec)
        if ringing:
            print(f"{', '.join(ringing)} ring already: replacing the failing model at once", flush=True)
        sagemaker.update_endpoint(**update_request(spec, config, ringing))
    else:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=project.tags(spec))
    time.sleep(project.poll_seconds())  # a look too early could still see the state before the request
    after = settled(name)
    if not serves(after, config):
        fail(spec, after, config)


def serves(endpoint: dict[str, Any] | None, config: str) -> bool:
    """Whether an endpoint is up with exactly this configuration."""
    if endpoint is None:
        return False
    return (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", config)


def fail(spec: dict[str, Any], after: dict[str, Any] | None, config: str) -> None:
    """Say why the endpoint is not what was asked for, the model's own last words first."""
    name = spec["endpoint_name"]
    print(*(f"    {line}" for line in logs.tail(f"/aws/sagemaker/Endpoints/{name}")), sep="\n")
    reason = (after or {}).get("FailureReason") or "SageMaker gave no reason"
    if after and after["EndpointStatus"] in DEAD:
        delete(name)  # it never served, and its configuration is about to go
        raise PipelineError(f"endpoint {name} did not start with {config}: {reason}")
    still = f"{after['EndpointConfigName']} still answers" if after else "it is gone"
    if after and (alarms := ringing_alarms(spec)):
        raise RolledBack(f"alarm {', '.join(alarms)} rolled endpoint {name} back from {config}, {still}: {reason}")
    raise PipelineError(f"endpoint {name} was not switched to {config}, {still}: {reason}")


def settled(name: str) -> dict[str, Any] | None:
    """The endpoint once nothing is being done to it; None where there is none."""

    def look() -> tuple[dict[str, Any] | None] | None:
        endpoint = describe(name)
        return None if endpoint and endpoint["EndpointStatus"] in BUSY else (endpoint,)

    return project.until(look, f"endpoint {name}")[0]


def describe(name: str) -> dict[str, Any] | None:
    """What SageMaker says of an endpoint; None where there is none."""
    try:
        return project.client("sagemaker").describe_endpoint(EndpointName=name)
    except ClientError as error:
        if "Could not find" in error.response["Error"]["Message"]:
            return None
        raise


def delete(name: str) -> None:
    """Delete an endpoint, if it is there, and wait until it is not."""
    if settled(name):
        project.client("sagemaker").delete_endpoint(EndpointName=name)
        project.until(lambda: None if describe(name) else True, f"deleting endpoint {name}")


def discard(name: str) -> None:
    """Delete a release's configuration and model; either may be gone already."""
    sagemaker = project.client("sagemaker")
    for remove, what in (
        (sagemaker.delete_endpoint_config, {"EndpointConfigName": name}),
        (sagemaker.delete_model, {"ModelName": name}),
    ):
        try:
            remove(**what)
        except ClientError as error:
            if "Could not find" not in error.response["Error"]["Message"]:
                raise


def differences(wanted: Any, found: Any, place: str = "") -> Iterator[str]:
    """What was asked for and is not there; what AWS adds of its own is no difference."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in wanted.keys() - {"Tags"}:
            yield from differences(wanted[key], found.get(key), f"{place}.{key}" if place else key)
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(one, other, f"{place}[{number}]")
    elif wanted != found:
        yield f"{place} is {found!r}, wanted was {wanted!r}"


def release_name(spec: dict[str, Any], version: int, now: datetime) -> str:
    """The name that a release's model and configuration share."""
    return f"{spec['project_slug']}-{spec['stage']}-v{version}-{now:%Y%m%d%H%M%S}"


def releases(kind: str, slug: str, stage: str) -> list[str]:
    """The names of the `models` or `endpoint_configs` that releases made, newest first."""
    key = {"models": "Models[].ModelName", "endpoint_configs": "EndpointConfigs[].EndpointConfigName"}[kind]
    pages = project.client("sagemaker").get_paginator(f"list_{kind}")
    found = pages.paginate(NameContains=f"{slug}-{stage}-v", SortBy="CreationTime", SortOrder="Descending")
    # The API matches anywhere in a name, so that other projects' may come too.
    return [name for name in found.search(key) if re.fullmatch(rf"{slug}-{stage}-v\d+-\d{{14}}", name)]
