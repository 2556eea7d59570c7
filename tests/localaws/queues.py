"""A queue in front of a function, and the dead letters behind both."""

import json
import uuid
from typing import Any

from tests.localaws.conftest import ACCOUNT, REGION, Aws


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
