"""SQS for many at once: moto's queues with a lock, and polling that sees the moved clock.

Also policies that stay when other attributes are set, who may redrive here, and attributes written as AWS writes them:
compact JSON and whole seconds; anything else reads as a change to Terraform.
"""

import json
import threading
import time
from typing import Any, ClassVar

from moto.sqs import models

from cookiecutter_mlops.localaws import clock

_MOMENTS = ("CreatedTimestamp", "LastModifiedTimestamp")
_STEP = 0.2  # seconds after which a poll looks again for messages that became visible


class Queue(models.Queue):
    """moto's queue, for one client at a time."""

    BASE_ATTRIBUTES: ClassVar[list[str]] = [*models.Queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]  # type: ignore[misc]
    redrive_allow_policy: str | None = None

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        self.lock = threading.RLock()
        super().__init__(*arguments, **attributes)

    @property
    def lambda_event_source_mappings(self) -> dict[str, Any]:
        """Return none: moto would call their functions within SendMessage; ours poll, see `awslambda/mappings.py`."""
        return {}

    @lambda_event_source_mappings.setter
    def lambda_event_source_mappings(self, _: dict[str, Any]) -> None: ...

    @property
    def attributes(self) -> dict[str, Any]:  # type: ignore[override]
        result = super().attributes
        if redrive := result.get("RedrivePolicy"):
            result["RedrivePolicy"] = json.dumps(json.loads(redrive), separators=(",", ":"))
        if not result["RedriveAllowPolicy"]:
            del result["RedriveAllowPolicy"]
        return result | {name: str(int(float(result[name]))) for name in _MOMENTS}

    def _set_attributes(self, attributes: dict[str, Any], now: float | None = None) -> None:
        kept = {"Policy": self.policy} if hasattr(self, "_policy_json") else {}
        super()._set_attributes(kept | attributes, now)

    @property
    def messages(self) -> list[models.Message]:
        """Return the visible messages; moto asks for the time with each of them, and for all of them with each send."""
        now = clock.time() * 1000
        return [m for m in self._messages if now > m.visible_at and now >= m.delayed_until]

    @property
    def approximate_number_of_messages_delayed(self) -> int:
        now = clock.time() * 1000
        return sum(now < message.delayed_until for message in self._messages)

    @property
    def approximate_number_of_messages_not_visible(self) -> int:
        now = clock.time() * 1000
        return sum(now <= message.visible_at for message in self._messages)

    def add_message(self, message: models.Message) -> None:
        with self.lock:
            super().add_message(message)

    def delete_message(self, receipt_handle: str) -> None:
        with self.lock:
            super().delete_message(receipt_handle)

    def wait(self, seconds: float) -> None:
        """Wait for a message to be sent, at most so many real seconds."""
        with self._messages_lock:
            self._messages_lock.wait(seconds)


class SQSBackend(models.SQSBackend):
    """moto's queues, safe for many clients, and told in AWS's words."""

    def receive_message(
        self,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[models.Message]:
        """Take visible messages; no two who receive at the same moment get the same one."""
        queue: Any = self.get_queue(queue_name)
        limit = time.monotonic() + (wait_seconds_timeout or 0)
        while True:
            with queue.lock:
                found = super().receive_message(queue_name, count, 0, visibility_timeout, message_attribute_names)
            left = limit - time.monotonic()
            if found or left <= 0:
                return found
            queue.wait(min(_STEP, left))

    def change_message_visibility(self, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        with self.get_queue(queue_name).lock:  # type: ignore[attr-defined]
            super().change_message_visibility(queue_name, receipt_handle, visibility_timeout)


def install() -> None:
    from cookiecutter_mlops.localaws.extension import swap_backend

    models.Queue = Queue  # type: ignore[misc]
    swap_backend(models.sqs_backends, SQSBackend)
