"""Endpoints that answer with the word that is in their model's archive."""

import io
import json
import tarfile
import uuid
from typing import Any

from tests.localaws.bundles import new_bucket, push_bundle
from tests.localaws.conftest import ACCOUNT, Aws, wait_for

SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/endpoint"


def new_config(aws: Aws, answer: str, *, variant: dict[str, Any] | None = None, **config: Any) -> str:
    """Create a model that answers `answer` and an endpoint configuration for it; both have the same name."""
    buffer, sagemaker, name = io.BytesIO(), aws.client("sagemaker"), f"model-{uuid.uuid4().hex[:8]}"
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("answer.txt")
        member.size = len(answer)
        archive.addfile(member, io.BytesIO(answer.encode()))
    bucket = new_bucket(aws)
    aws.client("s3").put_object(Bucket=bucket, Key="model.tar.gz", Body=buffer.getvalue())
    container = {"Image": push_bundle(aws), "ModelDataUrl": f"s3://{bucket}/model.tar.gz"}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    instances = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    variants = [{"VariantName": "AllTraffic", "ModelName": name, **(variant or instances)}]
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **config)
    return name


def settled(aws: Aws, name: str) -> dict[str, Any]:
    """Return the endpoint once it is neither being created nor updated."""

    def done() -> Any:
        endpoint = aws.client("sagemaker").describe_endpoint(EndpointName=name)
        return endpoint if endpoint["EndpointStatus"] not in ("Creating", "Updating") else None

    return wait_for(done)


def new_endpoint(aws: Aws, config: str) -> str:
    name = f"endpoint-{uuid.uuid4().hex[:8]}"
    aws.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=config)
    return name


def invoke(aws: Aws, name: str, body: str = "hello") -> dict[str, Any]:
    answer = aws.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=body, ContentType="text/csv")
    return json.loads(answer["Body"].read())
