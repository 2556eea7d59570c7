"""Invocations through sagemaker-runtime: answered, refused, streamed, captured, or answered later in S3."""

import base64
import json
import re

import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError

from cookiecutter_mlops.localaws.sagemakerruntime import streaming
from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import Aws, wait_for
from tests.localaws.endpoints import invoke, new_config, new_endpoint, settled


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
