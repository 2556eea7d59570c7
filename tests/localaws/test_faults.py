"""Faults on demand: on the n-th call, in the protocol of the service, and gone when they are cleared."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
from click.testing import CliRunner

from cookiecutter_mlops.cli import main
from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import embedded, faults
from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import Aws

# One call of each protocol, and an error of the service's own with its status on AWS.
CALLS = [
    ("sqs:ListQueues", "list_queues", {}, "RequestThrottled", 400),  # JSON
    ("sns:ListTopics", "list_topics", {}, "InternalError", 500),  # query
    ("lambda:ListFunctions", "list_functions", {}, "TooManyRequestsException", 429),  # REST, JSON
    ("s3:ListBuckets", "list_buckets", {}, "SlowDown", 503),  # REST, XML
    ("ec2:DescribeVpcs", "describe_vpcs", {}, "RequestLimitExceeded", 503),  # EC2's own
    ("cloudwatch:ListMetrics", "list_metrics", {}, "InternalServiceError", 500),
    ("codepipeline:ListPipelines", "list_pipelines", {}, "ThrottlingException", 400),
]


@pytest.fixture
def aws(aws: Aws) -> Iterator[Aws]:
    yield aws
    embedded.ask(aws.url, "faults", "DELETE", {})


def add(aws: Aws, what: str, **members: Any) -> str:
    return embedded.ask(aws.url, "faults", "POST", {"what": what, **members})["id"]


@pytest.mark.parametrize(("what", "method", "arguments", "code", "status"), CALLS)
def test_call_fails_in_its_protocol_once(
    aws: Aws, what: str, method: str, arguments: dict[str, Any], code: str, status: int
) -> None:
    call = getattr(aws.client(what.partition(":")[0], attempts=1), method)
    add(aws, what, error=code, message="Slow down, <please>.", status=status)
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["Error"]["Message"]) == (code, "Slow down, <please>.")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert call(**arguments)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_fault_strikes_what_runs_already(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_FAULTS", {})
    struck, spared = threading.Event(), threading.Event()
    with faults.exposed("kill", "wages-2", struck.set), faults.exposed("kill", "other", spared.set):
        faults.add({"what": "kill", "name": "wages-*"})
        assert struck.wait(10)
    assert not spared.is_set()
    faults.add({"what": "kill", "name": "other"})  # which has ended
    assert not spared.wait(0.1)


def test_status_is_the_one_of_the_service_model(aws: Aws) -> None:
    add(aws, "lambda:ListFunctions", error="TooManyRequestsException")
    with pytest.raises(ClientError) as refused:
        aws.client("lambda", attempts=1).list_functions()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_calls_are_counted_from_the_first_that_matches(aws: Aws) -> None:
    s3, bucket, struck = aws.client("s3", attempts=1), new_bucket(aws), []
    number = add(aws, "s3:Put*", error="SlowDown", call=2, times=2)
    for key in "abcd":
        s3.list_objects_v2(Bucket=bucket)
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=b"1")
        except ClientError:
            struck.append(key)
    assert struck == ["b", "c"]
    (fault,) = embedded.ask(aws.url, "faults")
    assert (fault["id"], fault["seen"], fault["struck"]) == (number, 4, 2)


@pytest.mark.parametrize(("drop", "carried_out"), [("request", False), ("answer", True)])
def test_dropped_connection_is_an_error_of_the_network(aws: Aws, drop: str, carried_out: bool) -> None:
    s3, bucket = aws.client("s3", attempts=1), new_bucket(aws)
    add(aws, "s3:PutObject", drop=drop)
    with pytest.raises((ConnectionError, HTTPClientError)):
        s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert ("Contents" in s3.list_objects_v2(Bucket=bucket)) is carried_out


def test_delay_is_waited_before_the_answer(aws: Aws) -> None:
    sqs = aws.client("sqs")
    add(aws, "sqs:ListQueues", delay="1s", times=0)
    delayed = _seconds(sqs)
    embedded.ask(aws.url, "faults", "DELETE", {})
    assert delayed > 1 > min(_seconds(sqs) for _ in range(5))


def _seconds(sqs: Any) -> float:
    started = time.monotonic()
    sqs.list_queues()
    return time.monotonic() - started


def test_operation_of_the_runtime_is_named_as_iam_does(aws: Aws) -> None:
    add(aws, "sagemaker:InvokeEndpoint", error="ModelNotReadyException", times=0)
    runtime = aws.client("sagemaker-runtime", attempts=1)
    with pytest.raises(ClientError, match="ModelNotReadyException"):
        runtime.invoke_endpoint(EndpointName="nobody", Body=b"1")


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"what": "sagemaker:CreateTrainingJobs", "error": "E"}, "did you mean sagemaker:CreateTrainingJob?"),
        ({"what": "magic:Wand", "error": "E"}, "there is no such service"),
        ({"what": "s3:PutObject"}, "say what happens"),
        ({"what": "meteor"}, "one of spot-interruption"),
        ({"what": "kill", "after": "soon"}, "for example 1h30m"),
        ({"what": "s3:PutObject", "drop": "all"}, "drop: request or answer"),
        ({"what": "s3:PutObject", "error": "E", "calls": 2}, "got: calls"),
    ],
)
def test_fault_that_makes_no_sense_is_a_sentence(aws: Aws, members: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MlopsError, match=sentence.replace("?", r"\?")):
        embedded.ask(aws.url, "faults", "POST", members)
    assert embedded.ask(aws.url, "faults") == []


def test_process_fault_strikes_the_names_that_match() -> None:
    try:
        faults.add({"what": "spot-interruption", "name": "wages-*", "call": 2, "after": "20s"})
        taken = [faults.take("spot-interruption", name) for name in ("wages-1", "others-1", "wages-2", "wages-3")]
        assert [fault.after if fault else None for fault in taken] == [None, None, 20, None]
        assert faults.take("kill", "wages-4") is None
    finally:
        faults.clear({})


def test_commands_add_list_and_clear(aws: Aws) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["local", "fault", *arguments, "--home", str(aws.home)])
        assert result.exit_code == 0, result.output
        return result.output

    number = run("add", "sagemaker:CreateTrainingJob", "--error", "ThrottlingException", "--times", "2").split()[-1]
    assert "error=ThrottlingException  seen 0, struck 0" in run("list")
    assert run("clear", number.rstrip(".")) == "Removed 1 fault.\n"
    assert run("list") == "There are no faults.\n"


def test_command_repeats_the_sentence_of_the_server(aws: Aws) -> None:
    result = CliRunner().invoke(main, ["local", "fault", "clear", "7000", "--home", str(aws.home)])
    assert (result.exit_code, "there is none with the id 7000" in result.output) == (1, True)
