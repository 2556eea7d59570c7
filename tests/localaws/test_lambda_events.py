"""Asynchronous invocations and queues in front of functions: retries, dead letters, batches, limits."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops.localaws import embedded
from tests.localaws.conftest import ACCOUNT, REGION, Aws, serve, wait_for
from tests.localaws.functions import HANDLER, call, messages, new_function

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


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An embedded AWS whose clock these tests move."""
    with serve(tmp_path_factory.mktemp("lambda-events")) as aws:
        yield aws


class Queue:
    """A queue with dead letters after two receives."""

    def __init__(self, aws: Aws, fifo: str = "", visibility: int = 30) -> None:
        self.sqs, name = aws.client("sqs"), f"queue-{uuid.uuid4().hex[:8]}"
        kind = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
        self.dead = self.sqs.create_queue(QueueName=f"{name}-dead{fifo}", Attributes=kind)["QueueUrl"]
        self.dead_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-dead{fifo}"
        redrive = json.dumps({"deadLetterTargetArn": self.dead_arn, "maxReceiveCount": 2})
        attributes = kind | {"VisibilityTimeout": str(visibility), "RedrivePolicy": redrive}
        self.url = self.sqs.create_queue(QueueName=f"{name}{fifo}", Attributes=attributes)["QueueUrl"]
        self.arn, self.fifo = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}{fifo}", fifo

    def send(self, *bodies: str) -> None:
        group = {"MessageGroupId": "one"} if self.fifo else {}
        for start in range(0, len(bodies), 10):
            batch = enumerate(bodies[start : start + 10])
            entries = [{"Id": str(number), "MessageBody": body, **group} for number, body in batch]
            self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)

    def count(self, attribute: str) -> int:
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[attribute])
        return int(answer["Attributes"][attribute])

    def left(self) -> int:
        return self.count("ApproximateNumberOfMessages") + self.count("ApproximateNumberOfMessagesNotVisible")

    def dead_letters(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(QueueUrl=self.dead, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        return answer.get("Messages", [])


def connect(aws: Aws, queue: Queue, function: str, **settings: Any) -> str:
    client = aws.client("lambda")
    return client.create_event_source_mapping(EventSourceArn=queue.arn, FunctionName=function, **settings)["UUID"]


def batches(aws: Aws, function: str) -> list[list[str]]:
    return [json.loads(line[6:]) for line in messages(aws, function) if line.startswith("batch ")]


def seen(aws: Aws, function: str) -> list[str]:
    return [body for batch in batches(aws, function) for body in batch]


def advance(aws: Aws, duration: str) -> None:
    embedded.ask(aws.url, "clock", "POST", {"advance": duration})


def attempts(aws: Aws, function: str) -> int:
    return sum(line.startswith("START") for line in messages(aws, function))


def fail_twice_more(aws: Aws, function: str) -> None:
    """Wait out the first attempt and the two retries, after one and after two minutes."""
    for number, pause in enumerate(("1m", "2m"), 1):
        assert wait_for(lambda number=number: attempts(aws, function) == number)
        advance(aws, pause)
    assert wait_for(lambda: attempts(aws, function) == 3)


@pytest.mark.slow
def test_event_that_fails_three_times_is_a_dead_letter(aws: Aws) -> None:
    function, queue = new_function(aws), Queue(aws)
    dead = {"TargetArn": queue.dead_arn}
    aws.client("lambda").update_function_configuration(FunctionName=function, DeadLetterConfig=dead)
    call(aws, function, {"do": "raise"}, InvocationType="Event")
    fail_twice_more(aws, function)
    (letter,) = wait_for(queue.dead_letters)
    assert json.loads(letter["Body"]) == {"do": "raise"}
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no such column"


def test_event_that_succeeds_at_the_third_attempt_is_done(aws: Aws) -> None:
    function, queue = new_function(aws), Queue(aws)
    dead = {"TargetArn": queue.dead_arn}
    aws.client("lambda").update_function_configuration(FunctionName=function, DeadLetterConfig=dead)
    embedded.ask(aws.url, "faults", "POST", {"what": "function-error", "name": function, "times": 2})
    call(aws, function, {"do": "finally"}, InvocationType="Event")
    fail_twice_more(aws, function)
    assert "asked for finally" in messages(aws, function)
    advance(aws, "10m")
    assert (attempts(aws, function), queue.dead_letters()) == (3, [])


def test_failure_reaches_its_destination_with_request_and_answer(aws: Aws) -> None:
    function, queue = new_function(aws), Queue(aws)
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName=function,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": queue.dead_arn}, "OnSuccess": {"Destination": queue.arn}},
    )
    call(aws, function, {"do": "raise"}, InvocationType="Event")
    (letter,) = wait_for(queue.dead_letters)
    record = json.loads(letter["Body"])
    assert (record["requestPayload"], record["responsePayload"]["errorType"]) == ({"do": "raise"}, "ValueError")
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    call(aws, function, {"do": "well"}, InvocationType="Event")
    assert wait_for(queue.left) == 1


def test_function_at_its_reserved_concurrency_is_throttled(aws: Aws) -> None:
    function = new_function(aws)
    client = aws.client("lambda", attempts=1)
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException") as refused:
        client.invoke(FunctionName=function)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    call(aws, function, {"do": "later"}, InvocationType="Event")
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=1)
    advance(aws, "5m")
    assert wait_for(lambda: "asked for later" in messages(aws, function))


@pytest.mark.parametrize(("kind", "limit"), [("RequestResponse", 6 * 1024**2), ("Event", 1024**2)])
def test_payload_over_the_limit_is_refused(aws: Aws, kind: str, limit: int) -> None:
    function = new_function(aws)
    payload = json.dumps({"text": "a" * limit}).encode()
    with pytest.raises(ClientError, match=rf"for the {kind} invocation type \(limit {limit} bytes\)"):
        aws.client("lambda", attempts=1).invoke(FunctionName=function, Payload=payload, InvocationType=kind)


@pytest.mark.slow
def test_function_over_its_memory_is_killed(aws: Aws) -> None:
    code = "def handler(event, context):\n    return len(bytearray(200 * 1024**2))\n"
    answer, error = call(aws, new_function(aws, code, MemorySize=128), {})
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert error["errorMessage"].endswith("signal: killed")
    assert call(aws, new_function(aws, code, MemorySize=512), {})[1] == 200 * 1024**2


def test_function_lives_in_the_time_of_the_clock(aws: Aws) -> None:
    code = "import datetime, time\ndef handler(event, context):\n    return [time.time(), str(datetime.date.today())]\n"
    advance(aws, "3d")
    now = embedded.ask(aws.url, "clock")["now"]
    seconds, day = call(aws, new_function(aws, code), {})[1]
    assert day == now[:10]
    assert abs(seconds - (embedded.clock.moment(now))) < 60


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
    advance(aws, "1m")
    assert wait_for(lambda: [len(batch) for batch in batches(aws, function)] == [30])


def test_only_what_failed_comes_again_and_then_is_a_dead_letter(aws: Aws) -> None:
    function, queue = new_function(aws, BATCHES), Queue(aws)
    queue.send("good", "bad")
    connect(aws, queue, function, **PARTIAL)
    assert wait_for(lambda: queue.left() == 1)
    advance(aws, "31s")
    assert wait_for(lambda: ["bad"] in batches(aws, function))
    advance(aws, "31s")
    assert [letter["Body"] for letter in wait_for(queue.dead_letters)] == ["bad"]
    assert seen(aws, function).count("good") == 1


@pytest.mark.slow
def test_batch_that_raises_comes_again_whole(aws: Aws) -> None:
    function, queue = new_function(aws, BATCHES), Queue(aws)
    queue.send("all", "good")
    connect(aws, queue, function, **PARTIAL)
    assert wait_for(lambda: len(batches(aws, function)) == 1)
    advance(aws, "31s")
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
    assert wait_for(lambda: queue.left() == 0)
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
