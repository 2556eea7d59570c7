"""Asynchronous invocations: two retries after one and two minutes, then the on-failure destination or the dead letters.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws import clock, delivery, snapshot
from cookiecutter_mlops.localaws.awslambda import concurrency, executor
from cookiecutter_mlops.localaws.extension import AwsError

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.awslambda.models import LambdaFunction

_PAUSES = (60, 120)  # seconds before the first and the second retry
_LONGEST = 300  # seconds between two attempts to find a free slot
_AT_ONCE = 8  # processes that a laptop runs for events of all functions; the others wait in line
_WORKERS = ThreadPoolExecutor(_AT_ONCE, "lambda")
_TAKEN: set["_Invocation"] = set()  # those that are with the workers: they are tried again after a restart


def enqueue(function: "LambdaFunction", event: str) -> None:
    """Take an event; it is handled when there is a worker and a slot for it."""
    _Invocation(function, event).line_up()


class _Invocation:
    """One event on its way through a function."""

    def __init__(self, function: "LambdaFunction", event: str) -> None:
        settings = function.event_invoke_config[-1].config if function.event_invoke_config else {}
        self.function, self.event, self.request = function, event, str(uuid.uuid4())
        self.retries: int = settings.get("MaximumRetryAttempts", 2)
        self.expires = clock.time() + settings.get("MaximumEventAgeInSeconds", 21600)
        self.destinations: dict[str, Any] = settings.get("DestinationConfig") or {}
        self.attempts = self.throttled = 0

    def line_up(self) -> None:
        _TAKEN.add(self)
        _WORKERS.submit(self._work)

    def _work(self) -> None:
        try:
            self.attempt()
        finally:
            _TAKEN.discard(self)

    def attempt(self) -> None:
        try:
            with concurrency.slot(self.function):
                self.attempts += 1
                answer = executor.run(self.function, self.event, self.request)
        except AwsError:
            self._wait_for_slot()
            return
        if not answer.failed:
            self._to("OnSuccess", "Success", answer)
        elif self.attempts > self.retries:
            self._give_up("RetriesExhausted", answer)
        else:
            self._again(_PAUSES[min(self.attempts, len(_PAUSES)) - 1], answer)

    def _again(self, pause: float, answer: executor.Answer | None) -> None:
        due = (answer.ended if answer else clock.time()) + pause
        if due > self.expires:
            self._give_up("EventAgeExceeded", answer)
        else:
            clock.at(due, self.line_up)

    def _wait_for_slot(self) -> None:
        """Come back later: a throttled event is not a failed attempt."""
        self._again(min(2**self.throttled, _LONGEST), None)
        self.throttled += 1

    def _give_up(self, condition: str, answer: executor.Answer | None) -> None:
        if queue := (self.function.dead_letters or {}).get("TargetArn"):
            error = json.loads(answer.payload)["errorMessage"] if answer else condition
            facts = {"RequestID": self.request, "ErrorCode": "200", "ErrorMessage": error}
            if queue.split(":")[2] == "sqs":
                delivery.to_queue(self._sender(), queue, self.event, facts)
            else:
                delivery.deliver(self._sender(), {"Arn": queue}, self.event)
        self._to("OnFailure", condition, answer)

    def _to(self, name: str, condition: str, answer: executor.Answer | None) -> None:
        arn = (self.destinations.get(name) or {}).get("Destination")
        if not arn:
            return
        outcome = "Success" if name == "OnSuccess" else "Failure"
        bus = {"Source": "lambda", "DetailType": f"Lambda Function Invocation Result - {outcome}"}
        target = {"Arn": arn} | ({"EventBridgeParameters": bus} if ":event-bus/" in arn else {})
        delivery.deliver(self._sender(), target, json.dumps(self._record(condition, answer)))

    def _record(self, condition: str, answer: executor.Answer | None) -> dict[str, Any]:
        """Describe the invocation as Lambda describes it to a destination."""
        context: dict[str, Any] = {"requestId": self.request, "condition": condition}
        context |= {"functionArn": f"{self.function.function_arn}:{self.function.version}"}
        record: dict[str, Any] = {"version": "1.0", "timestamp": f"{clock.now():%Y-%m-%dT%H:%M:%S.000Z}"}
        record |= {"requestContext": context | {"approximateInvokeCount": self.attempts}}
        record |= {"requestPayload": json.loads(self.event)}
        if answer:
            failed = {"functionError": "Unhandled"} if answer.failed else {}
            record["responseContext"] = {"statusCode": 200, "executedVersion": str(self.function.version), **failed}
            record["responsePayload"] = json.loads(answer.payload)
        return record

    def _sender(self) -> delivery.Sender:
        return delivery.Sender("lambda.amazonaws.com", self.function.function_arn, str(self.function.role))


def install() -> None:
    snapshot.part("lambda", lambda: _TAKEN, lambda taken: [invocation.line_up() for invocation in taken])
