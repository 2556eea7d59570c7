"""SQS event source mappings: Lambda polls the queue, calls the function with batches, and deletes what was handled.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import itertools
import json
import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from moto.awslambda import models as moto_models
from moto.core.exceptions import ServiceException

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.awslambda import records, role
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.snapshot import Resuming

log = logging.getLogger(__name__)

_AT_ONCE = 5  # batches that Lambda takes at once where no maximum concurrency is set
_IDLE = 0.5  # seconds between two looks at an idle queue; a message that is sent wakes the poller at once
_LONGEST = 10  # messages of one ReceiveMessage


class EventSourceMapping(Resuming, moto_models.EventSourceMapping):
    """A mapping that acts if its source is a queue; those of streams are kept, and moto calls their functions."""

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__(spec)
        self.refuse_what_aws_refuses()
        if self._get_service_source_from_arn().startswith("sqs"):
            self._workers = ThreadPoolExecutor(self._at_once(), "mapping")
            self.resume()

    def resume(self) -> None:
        """Poll the queue from now on."""
        if hasattr(self, "_workers"):
            threading.Thread(target=self._poll, name=f"mapping-{self.uuid}", daemon=True).start()

    def refuse_what_aws_refuses(self) -> None:
        """Raise InvalidParameterValueException for settings that Lambda does not take together."""
        source = self._get_service_source_from_arn()
        if source.startswith("sqs"):
            self._refuse_without_permission()
        if source == "sqs" and self.batch_size > _LONGEST and not self.max_batch_window:
            _refuse("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
        most = (self.scaling_config or {}).get("MaximumConcurrency")
        if most is not None and not 2 <= most <= 1000:
            _refuse("MaximumConcurrency must be between 2 and 1000")
        if source.startswith("sqs") and int(self.function.timeout) > self.queue.visibility_timeout:
            _refuse(
                f"Queue visibility timeout: {self.queue.visibility_timeout} seconds is less than "
                f"Function timeout: {int(self.function.timeout)} seconds"
            )

    def _refuse_without_permission(self) -> None:
        try:
            role.check_poll(self.function, self.event_source_arn)
        except AwsError as error:
            _refuse(f"The function execution role does not have permissions to poll the queue: {error.message}")

    @property
    def queue(self) -> Any:
        from moto.sqs.models import sqs_backends

        _, _, _, region, account, name = self.event_source_arn.split(":")
        return sqs_backends[account][region].get_queue(name)

    @property
    def function(self) -> Any:
        return self._lambda().get_function(self.function_arn)

    def _lambda(self) -> Any:
        return moto_models.lambda_backends[self.account_id][self.region]

    def _sqs(self) -> Any:
        from moto.sqs.models import sqs_backends

        return sqs_backends[self.account_id][self.region]

    def _at_once(self) -> int:
        """Return how many batches run at once; those of a FIFO queue go one after the other, in their order."""
        fifo = self.event_source_arn.endswith(".fifo")
        return 1 if fifo else min((self.scaling_config or {}).get("MaximumConcurrency", _AT_ONCE), _AT_ONCE * 2)

    def _poll(self) -> None:
        """Take batches while this mapping exists; no more of them than workers are free."""
        free = threading.BoundedSemaphore(self._at_once())
        self._lambda()._event_source_mappings.setdefault(self.uuid, self)
        while self._exists():
            free.acquire()
            batch = self._batch()
            if batch:
                self._workers.submit(self._handle, batch).add_done_callback(lambda task: _done(task, free))
            else:
                free.release()
        self._workers.shutdown(wait=False)

    def _exists(self) -> bool:
        return self._lambda()._event_source_mappings.get(self.uuid) is self

    def _batch(self) -> list[Any]:
        """Receive until the batch is full, or its window is over, or, without a window, what there is."""
        try:
            batch = self._receive(self.batch_size)
            if not batch:
                self.queue.wait(_IDLE)
                batch = self._receive(self.batch_size)
            ends = clock.time() + (self.max_batch_window or 0)
            while batch and len(batch) < self.batch_size and clock.time() < ends:
                self.queue.wait(0.05)
                batch += self._receive(self.batch_size - len(batch))
        except ServiceException:  # the queue is gone; the mapping stays until it is deleted too, as on AWS
            time.sleep(_IDLE)
            return []
        return self._wanted(batch)

    def _receive(self, most: int) -> list[Any]:
        queue = self.queue
        role.check_poll(self.function, self.event_source_arn)
        if not (self.enabled and self._exists()):
            return []
        return self._sqs().receive_message(queue.name, min(most, _LONGEST), 0, queue.visibility_timeout, ["All"])

    def _wanted(self, batch: list[Any]) -> list[Any]:
        """Delete the messages that the mapping's filters leave out, and return the others."""
        wanted = [message for message in batch if records.passes(self.filter_criteria, records.record(self, message))]
        self._delete([message for message in batch if message not in wanted])
        return wanted

    def _handle(self, batch: list[Any]) -> None:
        """Call the function with a batch; what it could not handle becomes visible again when its time is over."""
        event = json.dumps({"Records": [records.record(self, message) for message in batch]})
        headers: dict[str, str] = {}
        payload = self._call(event, headers, min(message.visible_at for message in batch) / 1000)
        if payload is None or "x-amz-function-error" in headers:
            return
        if (failed := self._failures(payload, batch)) is not None:
            self._delete([message for message in batch if message.id not in failed])

    def _call(self, event: str, headers: dict[str, str], deadline: float) -> bytes | None:
        """Call the function; a throttled batch is kept, and tried again, until its messages are somebody else's."""
        for attempt in itertools.count():
            try:
                return self._lambda().invoke(self.function_arn, None, event, {}, headers)
            except AwsError:
                if clock.time() + 2**attempt > deadline:
                    break
                clock.sleep(2**attempt)
        return None

    def _failures(self, payload: bytes, batch: list[Any]) -> set[str] | None:
        """Return the ids of the messages that the function reports as failed, or None if that is the whole batch."""
        if "ReportBatchItemFailures" not in (self.function_response_types or []):
            return set()
        return records.failures(payload, [message.id for message in batch])

    def _delete(self, messages: list[Any]) -> None:
        for message in messages:
            self._sqs().delete_message(self.queue.name, message.receipt_handle)


def _done(task: Future[None], free: threading.Semaphore) -> None:
    free.release()
    if error := task.exception():
        log.error("A batch could not be handled: %s: %s", type(error).__name__, error)


def _refuse(message: str) -> None:
    raise AwsError("InvalidParameterValueException", message)
