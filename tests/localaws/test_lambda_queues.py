"""Queues in front of functions: batches, what comes again, what is left out, and what AWS refuses."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, wait_for
from tests.localaws.functions import HANDLER, messages, new_function
from tests.localaws.queues import Queue

# Says which messages failed, and writes down whom it saw.
BATCHES = """
import json, os, time

def handler(event, context):
    bodies = [record["body"] for record in event["Records"]]
    print("batch", json.dumps(bodies))
    if "slow" in bodies: time.sleep(2)
    if "all" in bodies: raise ValueError("the whole batch")
    failed = [record["messageId"] for record in event["Records"] if record["body"].startswith("bad")]
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}
"""
PARTIAL = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


@pytest.fixture
def aws(moving: Aws) -> Aws:
    return moving


def connect(aws: Aws, queue: Queue, function: str, **settings: Any) -> str:
    client = aws.client("lambda")
    return client.create_event_source_mapping(EventSourceArn=queue.arn, FunctionName=function, **settings)["UUID"]


def batches(aws: Aws, function: str) -> list[list[str]]:
    return [json.loads(line[6:]) for line in messages(aws, function) if line.startswith("batch ")]


def seen(aws: Aws, function: str) -> list[str]:
    return [body for batch in batches(aws, function) for body in batch]


def test_messages_come_in_batches_and_are_deleted(aws: Aws) -> None:
    function, queue = new_function(aws, BATCHES), Queue(aws)
    sent = [str(number) for number in range(25)]
    queue.send(*sent)
    connect(aws, queue, function, BatchSize=10)
    assert wait_for(lambda: queue.left() == 0)
    assert wait_for(lambda: sorted(seen(aws, function), key=int) == sent)
    assert max(map(len, batches(aws, function))) <= 10


def test_batching_window_collects_more_than_ten(aws: Aws) -> None:
    function, queue = new_function(aws, BATCHES), Queue(aws, visibility=300)
    connect(aws, queue, function, BatchSize=100, MaximumBatchingWindowInSeconds=60)
    queue.send(*map(str, range(30)))
    assert wait_for(lambda: queue.count("ApproximateNumberOfMessages") == 0)
    assert batches(aws, function) == []
    aws.advance("1m")
    assert wait_for(lambda: [len(batch) for batch in batches(aws, function)] == [30])


def test_only_what_failed_comes_again_and_then_is_a_dead_letter(aws: Aws) -> None:
    function, queue = new_function(aws, BATCHES), Queue(aws)
    queue.send("good", "bad")
    connect(aws, queue, function, **PARTIAL)
    assert wait_for(lambda: queue.left() == 1)
    aws.advance("31s")
    assert wait_for(lambda: ["bad"] in batches(aws, function))
    aws.advance("31s")
    assert [letter["Body"] for letter in wait_for(queue.dead_letters)] == ["bad"]
    assert seen(aws, function).count("good") == 1


@pytest.mark.slow
def test_batch_that_raises_comes_again_whole(aws: Aws) -> None:
    function, queue = new_function(aws, BATCHES), Queue(aws)
    queue.send("all", "good")
    connect(aws, queue, function, **PARTIAL)
    assert wait_for(lambda: len(batches(aws, function)) == 1)
    aws.advance("31s")
    assert wait_for(lambda: [sorted(batch) for batch in batches(aws, function)] == [["all", "good"]] * 2)


@pytest.mark.slow
def test_messages_of_a_fifo_queue_keep_their_order(aws: Aws) -> None:
    function, queue = new_function(aws, BATCHES), Queue(aws, fifo=".fifo")
    sent = [str(number) for number in range(20)]
    queue.send(*sent)
    connect(aws, queue, function, BatchSize=5)
    assert wait_for(lambda: seen(aws, function) == sent)


@pytest.mark.slow
def test_throttled_batch_waits_for_the_running_one(aws: Aws) -> None:
    function, queue = new_function(aws, BATCHES), Queue(aws)
    aws.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=1)
    queue.send("slow", "1", "2")
    connect(aws, queue, function, BatchSize=1)
    assert wait_for(lambda: queue.left() == 0, seconds=60)  # three starts of the function, one after the other
    assert sorted(seen(aws, function)) == ["1", "2", "slow"]


@pytest.mark.slow
def test_filter_leaves_messages_out(aws: Aws) -> None:
    function, queue = new_function(aws, BATCHES), Queue(aws)
    pattern = json.dumps({"body": {"kind": ["wanted"]}})
    connect(aws, queue, function, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    queue.send(json.dumps({"kind": "other"}), json.dumps({"kind": "wanted"}))
    assert wait_for(lambda: queue.left() == 0)
    assert [json.loads(body)["kind"] for body in seen(aws, function)] == ["wanted"]


@pytest.mark.slow
def test_disabled_or_deleted_mapping_takes_nothing(aws: Aws) -> None:
    function, queue = new_function(aws, BATCHES), Queue(aws)
    mapping = connect(aws, queue, function, Enabled=False)
    queue.send("1")
    assert not wait_for(lambda: batches(aws, function), seconds=1)
    aws.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
    assert wait_for(lambda: batches(aws, function)) == [["1"]]
    aws.client("lambda").delete_event_source_mapping(UUID=mapping)
    queue.send("2")
    assert not wait_for(lambda: batches(aws, function) != [["1"]], seconds=1)


@pytest.mark.parametrize(
    ("visibility", "settings", "sentence"),
    [
        (30, {"BatchSize": 100}, "Maximum batch window in seconds must be greater than 0"),
        (10, {}, "Queue visibility timeout: 10 seconds is less than Function timeout: 20 seconds"),
    ],
)
def test_mapping_that_aws_refuses_is_refused(
    aws: Aws, visibility: int, settings: dict[str, Any], sentence: str
) -> None:
    function, queue = new_function(aws, HANDLER), Queue(aws, visibility=visibility)
    with pytest.raises(ClientError, match=sentence) as refused:
        connect(aws, queue, function, **settings)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
