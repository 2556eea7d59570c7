"""A queue that gets the events of a rule, to see what EventBridge was told."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from tests.localaws.conftest import ACCOUNT, REGION, Aws, wait_for


class Listener:
    """Collects the events that match a pattern, in the order of their arrival."""

    def __init__(self, aws: Aws, **pattern: Any) -> None:
        self.sqs, self.events, self.name = aws.client("sqs"), aws.client("events"), f"listener-{uuid.uuid4().hex[:8]}"
        self.queue = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        self.events.put_rule(Name=self.name, EventPattern=json.dumps(pattern))
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"
        self.events.put_targets(Rule=self.name, Targets=[{"Id": "queue", "Arn": arn}])

    def read(self) -> list[dict[str, Any]]:
        """Return what came since the last call, and take it away."""
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def until(self, last: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Return what came, once that has an event with such a detail: who tells of a status tells it afterwards."""
        found: list[dict[str, Any]] = []
        assert wait_for(lambda: found.extend(self.read()) or any(last(event["detail"]) for event in found)), found
        return found

    def close(self) -> None:
        self.events.remove_targets(Rule=self.name, Ids=["queue"])
        self.events.delete_rule(Name=self.name)
        self.sqs.delete_queue(QueueUrl=self.queue)
