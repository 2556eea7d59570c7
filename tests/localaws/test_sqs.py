"""Queues for many clients at once: every message is received once, and who waits is woken."""

import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.localaws.conftest import Aws

MESSAGES, CLIENTS = 300, 15


@pytest.fixture
def queue(aws: Aws) -> str:
    return aws.client("sqs").create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"]


def test_many_receivers_get_each_message_once(aws: Aws, queue: str) -> None:
    sqs, bodies = aws.client("sqs"), [str(number) for number in range(MESSAGES)]

    def receive(_: int) -> list[str]:
        found: list[str] = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get(
            "Messages"
        ):
            for message in messages:
                found.append(message["Body"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    with ThreadPoolExecutor(2 * CLIENTS) as threads:
        receivers = [threads.submit(receive, number) for number in range(CLIENTS)]
        list(threads.map(lambda body: sqs.send_message(QueueUrl=queue, MessageBody=body), bodies))
        received = Counter(body for receiver in receivers for body in receiver.result())
    assert received + Counter(receive(0)) == Counter(bodies)


def test_waiting_receiver_is_woken_by_a_message(aws: Aws, queue: str) -> None:
    sqs = aws.client("sqs")
    with ThreadPoolExecutor(1) as thread:
        started = time.monotonic()
        waiting = thread.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20)
        sqs.send_message(QueueUrl=queue, MessageBody="a")
        assert waiting.result()["Messages"][0]["Body"] == "a"
    assert time.monotonic() - started < 10
