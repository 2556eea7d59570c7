"""Asynchronous invocations of functions, and their limits: retries, dead letters, destinations, concurrency, memory."""

import json

import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops.localaws import embedded
from tests.localaws.conftest import Aws, wait_for
from tests.localaws.functions import call, messages, new_function
from tests.localaws.queues import Queue


@pytest.fixture
def aws(moving: Aws) -> Aws:
    return moving


def attempts(aws: Aws, function: str) -> int:
    return sum(line.startswith("START") for line in messages(aws, function))


def fail_twice_more(aws: Aws, function: str) -> None:
    """Wait out the first attempt and the two retries, after one and after two minutes."""
    for number, pause in enumerate(("1m", "2m"), 1):
        assert wait_for(lambda number=number: attempts(aws, function) == number)
        aws.advance(pause)
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
    aws.advance("10m")
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
    aws.advance("5m")
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
    aws.advance("3d")
    now = embedded.ask(aws.url, "clock")["now"]
    seconds, day = call(aws, new_function(aws, code), {})[1]
    assert day == now[:10]
    assert abs(seconds - (embedded.clock.moment(now))) < 60
