"""Endpoints of the embedded AWS: real processes, safe updates, invocations through sagemaker-runtime."""

import base64
import io
import json
import re
import tarfile
import uuid
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError

from cookiecutter_mlops.localaws.sagemakerruntime import streaming
from tests.localaws.bundles import new_bucket, push_bundle
from tests.localaws.conftest import ACCOUNT, Aws, wait_for

SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
CAPTURE = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
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


def test_endpoint_serves_its_model(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "first"))
    endpoint = settled(aws, name)
    assert endpoint["EndpointStatus"] == "InService", endpoint
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert invoke(aws, name) == {"model": "first", "body": "hello", "type": "text/csv"}
    aws.client("sagemaker").delete_endpoint(EndpointName=name)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        aws.client("sagemaker").describe_endpoint(EndpointName=name)


def test_endpoint_update_switches_to_the_new_model(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "first"))
    settled(aws, name)
    second = new_config(aws, "second")
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=second)
    assert invoke(aws, name)["model"] in ("first", "second")
    endpoint = settled(aws, name)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", second)
    assert invoke(aws, name)["model"] == "second"
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_endpoint_update_loses_no_request(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "first"))
    settled(aws, name)
    second, seen = new_config(aws, "second"), []
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=second)
    wait_for(lambda: seen.append(invoke(aws, name)["model"]) or seen[-1] == "second")
    assert set(seen) <= {"first", "second"}
    assert seen[-1] == "second"
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_endpoint_update_to_a_model_that_cannot_load_keeps_the_old_one(aws: Aws) -> None:
    first = new_config(aws, "first")
    name = new_endpoint(aws, first)
    settled(aws, name)
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=new_config(aws, "broken"))
    endpoint = settled(aws, name)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", first)
    assert "did not pass the ping health check" in endpoint["FailureReason"]
    assert invoke(aws, name)["model"] == "first"
    group = f"/aws/sagemaker/Endpoints/{name}"
    events = aws.client("logs").filter_log_events(logGroupName=group)["events"]
    assert "cannot load the model" in [event["message"] for event in events]
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_endpoint_that_cannot_start_is_failed(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "broken"))
    assert settled(aws, name)["EndpointStatus"] == "Failed"
    with pytest.raises(ClientError) as refused:
        invoke(aws, name)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match="in status Failed"):
        aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=new_config(aws, "x"))
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_invocation_refused_by_the_model_is_a_model_error(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "first"))
    settled(aws, name)
    with pytest.raises(ClientError) as refused:
        invoke(aws, name, "bad")
    response = refused.value.response
    assert response["Error"]["Code"] == "ModelError"
    assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (400, "not a request")
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_invocation_of_an_unknown_endpoint_is_a_validation_error(aws: Aws) -> None:
    with pytest.raises(ClientError, match="nobody of account") as refused:
        invoke(aws, "nobody")
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_invocations_are_captured_by_hour(aws: Aws) -> None:
    bucket, s3 = new_bucket(aws), aws.client("s3")
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/capture/",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    name = new_endpoint(aws, new_config(aws, "first", DataCaptureConfig=capture))
    assert settled(aws, name)["DataCaptureConfig"]["CaptureStatus"] == "Started"
    aws.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, Body="hello", ContentType="text/csv", InferenceId="i-1", CustomAttributes="test"
    )
    key = s3.list_objects_v2(Bucket=bucket)["Contents"][0]["Key"]
    assert re.fullmatch(rf"capture/{name}/AllTraffic/\d{{4}}/\d\d/\d\d/\d\d/.*\.jsonl", key)
    record = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    given, answered = record["captureData"]["endpointInput"], record["captureData"]["endpointOutput"]
    assert (given["data"], given["encoding"], given["observedContentType"]) == ("hello", "CSV", "text/csv")
    assert (json.loads(base64.b64decode(answered["data"]))["model"], answered["encoding"]) == ("first", "BASE64")
    metadata = record["eventMetadata"]
    assert (metadata["inferenceId"], metadata["customAttributes"]) == ("i-1", ["test"])
    assert key.startswith(
        f"capture/{name}/AllTraffic/{metadata['inferenceTime'][:13].replace('-', '/').replace('T', '/')}/"
    )
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_sampling_of_nothing_captures_nothing(aws: Aws) -> None:
    bucket = new_bucket(aws)
    capture = {
        "InitialSamplingPercentage": 0,
        "DestinationS3Uri": f"s3://{bucket}/capture",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    }
    name = new_endpoint(aws, new_config(aws, "first", DataCaptureConfig=capture))
    settled(aws, name)
    for _ in range(5):
        invoke(aws, name)
    assert aws.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_serverless_endpoint_is_updated(aws: Aws) -> None:
    serverless = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
    name = new_endpoint(aws, new_config(aws, "first", variant=serverless))
    settled(aws, name)
    second = new_config(aws, "second", variant=serverless)
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=second)
    endpoint = settled(aws, name)
    assert (endpoint["EndpointConfigName"], endpoint.get("FailureReason")) == (second, None)
    assert invoke(aws, name)["model"] == "second"
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_invocation_that_streams_answers_in_parts(aws: Aws) -> None:
    ask = aws.client("sagemaker-runtime").invoke_endpoint_with_response_stream
    name = new_endpoint(aws, new_config(aws, "first"))
    settled(aws, name)
    answer = ask(EndpointName=name, Body=b"hello", ContentType="text/csv", Accept="text/plain")
    parts = [event["PayloadPart"]["Bytes"] for event in answer["Body"]]
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert json.loads(b"".join(parts))["model"] == "first"
    aws.client("sagemaker").delete_endpoint(EndpointName=name)
    with pytest.raises(ClientError, match="not found"):
        ask(EndpointName="x", Body=b"a")


def test_part_of_a_stream_ends_where_an_event_does() -> None:
    content = streaming.messages(b"data: 1\n\ndata: 2\n\nrest")
    buffer = EventStreamBuffer()
    buffer.add_data(content)
    assert [event.payload for event in buffer] == [b"data: 1\n\n", b"data: 2\n\n", b"rest"]


def test_serverless_endpoint_serves(aws: Aws) -> None:
    serverless = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
    name = new_endpoint(aws, new_config(aws, "light", variant=serverless))
    assert settled(aws, name)["ProductionVariants"][0]["CurrentServerlessConfig"]["MemorySizeInMB"] == 2048
    assert invoke(aws, name)["model"] == "light"
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


@pytest.mark.parametrize(("body", "folder", "said"), [("hello", "out", '"model": "late"'), ("bad", "failed", "not a")])
def test_asynchronous_endpoint_writes_its_answer_to_s3(aws: Aws, body: str, folder: str, said: str) -> None:
    bucket, s3 = new_bucket(aws, **{"in.csv": body}), aws.client("s3")
    output = {"S3OutputPath": f"s3://{bucket}/out", "S3FailurePath": f"s3://{bucket}/failed/"}
    name = new_endpoint(aws, new_config(aws, "late", AsyncInferenceConfig={"OutputConfig": output}))
    settled(aws, name)
    answer = aws.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=name, InputLocation=f"s3://{bucket}/in.csv", ContentType="text/csv"
    )
    keys = wait_for(lambda: s3.list_objects_v2(Bucket=bucket, Prefix=f"{folder}/").get("Contents"))
    assert f"s3://{bucket}/{keys[0]['Key']}" == answer["OutputLocation" if folder == "out" else "FailureLocation"]
    assert said in s3.get_object(Bucket=bucket, Key=keys[0]["Key"])["Body"].read().decode()
    with pytest.raises(ClientError, match="InvokeEndpointAsync"):
        invoke(aws, name)
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


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
