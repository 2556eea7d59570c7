"""Models and endpoint configurations: where a model's data may lie, and what AWS refuses."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket, push_bundle
from tests.localaws.conftest import Aws
from tests.localaws.endpoints import ROLE, SERVERLESS, invoke, new_config, new_endpoint, settled

CAPTURE = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}


def test_model_without_data_is_refused(aws: Aws) -> None:
    container = {"Image": push_bundle(aws), "ModelDataUrl": f"s3://{new_bucket(aws)}/none.tar.gz"}
    with pytest.raises(ClientError, match="Could not find model data"):
        aws.client("sagemaker").create_model(ModelName="none", ExecutionRoleArn=ROLE, PrimaryContainer=container)


def test_model_of_a_folder_is_served_and_without_files_fails(aws: Aws) -> None:
    bucket, sagemaker = new_bucket(aws, **{"own/answer.txt": "folder"}), aws.client("sagemaker")
    for folder, status in (("own/", "InService"), ("none/", "Failed")):
        source = {"S3Uri": f"s3://{bucket}/{folder}", "S3DataType": "S3Prefix", "CompressionType": "None"}
        container = {"Image": push_bundle(aws), "ModelDataSource": {"S3DataSource": source}}
        name = f"folder-{folder[:-1]}"
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant | {"InitialInstanceCount": 1}]
        )
        endpoint = new_endpoint(aws, name)
        assert settled(aws, endpoint)["EndpointStatus"] == status
        sagemaker.delete_endpoint(EndpointName=endpoint)


def test_endpoint_configuration_of_an_unknown_model_is_refused(aws: Aws) -> None:
    variants = [{"VariantName": "AllTraffic", "ModelName": "nobody", "InstanceType": "ml.m5.large"}]
    with pytest.raises(ClientError, match='Could not find model "nobody"'):
        aws.client("sagemaker").create_endpoint_config(EndpointConfigName="x", ProductionVariants=variants)


@pytest.mark.parametrize(
    ("variant", "config", "said"),
    [
        (
            {"InstanceType": "ml.g5.2xlarge", "InitialInstanceCount": 1},
            {"KmsKeyId": "alias/key"},
            "local instance storage",
        ),
        (SERVERLESS, {}, "EnableNetworkIsolation not supported for serverless"),
        (SERVERLESS | {"InstanceType": "ml.g5.xlarge"}, {}, "InstanceType"),
        (SERVERLESS, {"DataCaptureConfig": CAPTURE}, "DataCaptureConfig not supported for serverless"),
        ({}, {}, "either InstanceType or ServerlessConfig"),
    ],
    ids=["key-on-local-disks", "isolated-serverless", "serverless-gpu", "serverless-capture", "no-instances"],
)
def test_endpoint_configuration_that_aws_refuses_is_refused(
    aws: Aws, variant: dict[str, Any], config: dict[str, Any], said: str
) -> None:
    sagemaker, name = aws.client("sagemaker"), f"model-{uuid.uuid4().hex[:8]}"
    container = {"Image": push_bundle(aws)}
    sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container, EnableNetworkIsolation=True
    )
    variants = [{"VariantName": "AllTraffic", "ModelName": name, **variant}]
    with pytest.raises(ClientError, match=said):
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **config)


def test_serverless_model_in_a_vpc_is_refused(aws: Aws) -> None:
    sagemaker, name = aws.client("sagemaker"), f"model-{uuid.uuid4().hex[:8]}"
    network = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    container = {"Image": push_bundle(aws)}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container, VpcConfig=network)
    variants = [{"VariantName": "AllTraffic", "ModelName": name, **SERVERLESS}]
    with pytest.raises(ClientError, match="VpcConfig not supported for serverless"):
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)


def test_model_and_configuration_in_use_can_be_deleted_as_on_aws(aws: Aws) -> None:
    sagemaker, config = aws.client("sagemaker"), new_config(aws, "first")
    name = new_endpoint(aws, config)
    settled(aws, name)
    sagemaker.delete_endpoint_config(EndpointConfigName=config)
    sagemaker.delete_model(ModelName=config)
    assert invoke(aws, name)["model"] == "first"
    sagemaker.delete_endpoint(EndpointName=name)
