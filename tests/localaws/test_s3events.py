"""What S3 tells EventBridge of its objects, in AWS's shape, and without losing any."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import ACCOUNT, Aws, wait_for
from tests.localaws.events import Listener


@pytest.fixture
def bucket(aws: Aws) -> str:
    name = new_bucket(aws)
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    return name


@pytest.fixture
def listener(aws: Aws, bucket: str) -> Iterator[Listener]:
    listener = Listener(aws, source=["aws.s3"], detail={"bucket": {"name": [bucket]}})
    yield listener
    listener.close()


def test_each_way_to_create_an_object_tells_its_version_and_reason(aws: Aws, bucket: str, listener: Listener) -> None:
    s3 = aws.client("s3")
    put = s3.put_object(Bucket=bucket, Key="raw/a b.csv", Body=b"12345")
    copy = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "raw/a b.csv"})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"1234567")
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    whole = s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload=parts)
    events = listener.read()
    assert [event["detail-type"] for event in events] == ["Object Created"] * 3
    assert [event["detail"]["reason"] for event in events] == ["PutObject", "CopyObject", "CompleteMultipartUpload"]
    objects = [event["detail"]["object"] for event in events]
    assert [item["version-id"] for item in objects] == [put["VersionId"], copy["VersionId"], whole["VersionId"]]
    assert objects[0] | {"sequencer": ""} == {
        "key": "raw/a b.csv",
        "size": 5,
        "etag": put["ETag"].strip('"'),
        "version-id": put["VersionId"],
        "sequencer": "",
    }
    assert sorted(item["sequencer"] for item in objects) == [item["sequencer"] for item in objects]
    assert events[0]["resources"] == [f"arn:aws:s3:::{bucket}"]
    assert (events[0]["account"], events[0]["detail"]["requester"]) == (ACCOUNT, ACCOUNT)
    assert len({event["id"] for event in events}) == 3


def test_deleted_object_tells_whether_a_version_or_only_a_marker(aws: Aws, bucket: str, listener: Listener) -> None:
    s3 = aws.client("s3")
    version = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="a")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="a", VersionId=marker)
    s3.delete_object(Bucket=bucket, Key="a", VersionId=version)
    deleted = [
        event["detail"]["deletion-type"] for event in listener.read() if event["detail-type"] == "Object Deleted"
    ]
    assert deleted[0] == "Delete Marker Created"
    assert deleted[-1] == "Permanently Deleted"


def test_bucket_that_names_a_queue_itself_tells_it(aws: Aws, bucket: str, listener: Listener) -> None:
    arn = listener.sqs.get_queue_attributes(QueueUrl=listener.queue, AttributeNames=["QueueArn"])["Attributes"]
    queue = {"QueueArn": arn["QueueArn"], "Events": ["s3:ObjectCreated:*"]}
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]}
    )
    listener.read()
    aws.client("s3").put_object(Bucket=bucket, Key="a", Body=b"1")
    (event,) = wait_for(listener.read)
    assert event["Records"][0]["s3"]["object"]["key"] == "a"


def test_event_of_an_object_fills_an_input_transformer(aws: Aws, bucket: str, listener: Listener) -> None:
    arn = listener.sqs.get_queue_attributes(QueueUrl=listener.queue, AttributeNames=["QueueArn"])["Attributes"]
    paths = {"key": "$.detail.object.key", "size": "$.detail.object.size"}
    transformer = {"InputPathsMap": paths, "InputTemplate": '{"arrived": "<key>", "bytes": <size>}'}
    target = {"Id": "queue", "Arn": arn["QueueArn"], "InputTransformer": transformer}
    listener.events.put_targets(Rule=listener.name, Targets=[target])
    aws.client("s3").put_object(Bucket=bucket, Key="raw/a.csv", Body=b"123")
    assert listener.read() == [{"arrived": "raw/a.csv", "bytes": 3}]


@pytest.mark.slow
def test_storm_of_five_hundred_objects_loses_and_doubles_nothing(aws: Aws, bucket: str, listener: Listener) -> None:
    s3, keys, before = aws.client("s3"), [f"raw/{number}" for number in range(500)], threads(aws)
    with ThreadPoolExecutor(20) as clients:
        list(clients.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b"1"), keys))
    told = [event["detail"]["object"]["key"] for event in listener.read()]
    assert sorted(told) == sorted(keys)
    assert threads(aws) - before < 50  # those of the clients, and none for each event


def threads(aws: Aws) -> int:
    """Return how many threads the server has: also those of what other tests left waiting."""
    server = json.loads((aws.home / "server.json").read_text())["pid"]
    with open(f"/proc/{server}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Threads:"))
