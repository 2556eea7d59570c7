"""A hundred clients at once lose nothing and double nothing: each notes what it did, and it is counted afterwards.

MLOPS_CLIENT_SECONDS sets how long they work; `make bench` lets them work for a minute. No request is sent twice, so
that an answer that is lost shows.
"""

import hashlib
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.localaws.conftest import REGION, Aws, serve
from tests.localaws.endpoints import new_config, new_endpoint, settled

CLIENTS = 100
SECONDS = float(os.environ.get("MLOPS_CLIENT_SECONDS", "15"))

pytestmark = pytest.mark.slow


@pytest.fixture
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with serve(tmp_path_factory.mktemp("clients")) as aws:
        yield aws


def client(aws: Aws, service: str) -> Any:
    """Return a client for all threads, which sends each request once."""
    settings = Config(retries={"total_max_attempts": 1}, max_pool_connections=CLIENTS, s3={"addressing_style": "path"})
    keys = {"aws_access_key_id": "embedded-aws", "aws_secret_access_key": "embedded-aws"}
    return boto3.client(service, endpoint_url=aws.url, region_name=REGION, config=settings, **keys)


def in_parallel(work: Callable[[str], None]) -> int:
    """Let every client do its work again and again, each time with another name; return how often it was done."""
    failures: list[Exception] = []
    done: list[int] = []
    until = time.monotonic() + SECONDS

    def run(number: int) -> None:
        turn = 0
        try:
            while time.monotonic() < until and not failures:
                work(f"{number}-{turn}")
                turn += 1
        except Exception as error:
            failures.append(error)
        done.append(turn)

    threads = [threading.Thread(target=run, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, [str(failure) for failure in failures[:3]]
    assert sum(done) > CLIENTS
    return sum(done)


def test_a_hundred_clients_lose_and_double_nothing(aws: Aws) -> None:
    s3, sqs, dynamodb, runtime = (client(aws, name) for name in ("s3", "sqs", "dynamodb", "sagemaker-runtime"))
    s3.create_bucket(Bucket="clients", CreateBucketConfiguration={"LocationConstraint": REGION})
    queue = sqs.create_queue(QueueName="clients", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    create_table(dynamodb)
    endpoint = new_endpoint(aws, new_config(aws, "answer"))
    assert settled(aws, endpoint)["EndpointStatus"] == "InService"
    stored: dict[str, str] = {}
    received: list[str] = []
    won: list[str] = []

    def receive() -> int:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            received.append(message["Body"])
        return len(messages)

    def work(name: str) -> None:
        body = f"{name} {uuid.uuid4()}".encode()
        s3.put_object(Bucket="clients", Key=name, Body=body)
        stored[name] = hashlib.md5(body).hexdigest()
        sqs.send_message(QueueUrl=queue, MessageBody=name)
        receive()
        if take(dynamodb, name.rpartition("-")[2]):
            won.append(name.rpartition("-")[2])
        answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=name, ContentType="text/csv")
        assert f'"body": "{name}"'.encode() in answer["Body"].read()

    times = in_parallel(work)
    while receive():
        pass
    assert Counter(received) == Counter(stored.keys())  # each message once
    assert_kept(s3, dynamodb, stored, won)
    assert len(stored) == times
    print(f"{CLIENTS} clients did {times} rounds of 6 requests in {SECONDS:.0f} s")


def assert_kept(s3: Any, dynamodb: Any, stored: dict[str, str], won: list[str]) -> None:
    """Every object is there as it was stored, every item has one winner, and every round was counted."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="clients")
    listed = {item["Key"]: item["ETag"].strip('"') for page in pages for item in page.get("Contents", [])}
    assert listed == stored
    items = dynamodb.scan(TableName="clients")["Items"]
    taken = {item["id"]["S"] for item in items if item["id"]["S"] != "count"}
    assert Counter(won) == Counter(taken)  # of all who wanted an item, one got it
    assert [item["n"]["N"] for item in items if item["id"]["S"] == "count"] == [str(len(stored))]


def create_table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName="clients",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def take(dynamodb: Any, turn: str) -> bool:
    """Count one up, and say whether this client was the first to make this item."""
    count = {":one": {"N": "1"}}
    key = {"id": {"S": "count"}}
    dynamodb.update_item(TableName="clients", Key=key, UpdateExpression="ADD n :one", ExpressionAttributeValues=count)
    try:
        dynamodb.put_item(TableName="clients", Item={"id": {"S": turn}}, ConditionExpression="attribute_not_exists(id)")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"
        return False
    return True
