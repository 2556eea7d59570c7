"""SQS messages as a function gets them, and what it answers about them."""

import contextlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.awslambda.mappings import EventSourceMapping


def record(mapping: "EventSourceMapping", message: Any) -> dict[str, Any]:
    """Return a message as a function's event holds it."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(int(message.sent_timestamp)),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(int(message.approximate_first_receive_timestamp)),
    }
    if message.group_id is not None:
        attributes |= {"MessageGroupId": message.group_id, "MessageDeduplicationId": message.deduplication_id}
        attributes |= {"SequenceNumber": message.sequence_number}
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.event_source_arn,
        "awsRegion": mapping.region,
    }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    given = {"stringValue": value.get("StringValue"), "binaryValue": value.get("BinaryValue")}
    lists: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    return {name: item for name, item in given.items() if item} | lists | {"dataType": value.get("DataType")}


def passes(criteria: dict[str, Any] | None, event: dict[str, Any]) -> bool:
    """Say whether one of a mapping's filters lets a record pass; a body that is JSON is matched as such."""
    from moto.events.models import EventPattern

    filters = (criteria or {}).get("Filters") or []
    parsed: Any = event
    with contextlib.suppress(ValueError):
        parsed = event | {"body": json.loads(event["body"])}
    return not filters or any(EventPattern.load(item["Pattern"]).matches_event(parsed) for item in filters)


def failures(payload: bytes, ids: list[str]) -> set[str] | None:
    """Return the ids in a `batchItemFailures` answer; None, all of the batch, for an answer that Lambda rejects."""
    try:
        answer = json.loads(payload or b"null")
        failed = {item["itemIdentifier"] for item in (answer or {}).get("batchItemFailures") or []}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return failed if failed <= set(ids) else None
