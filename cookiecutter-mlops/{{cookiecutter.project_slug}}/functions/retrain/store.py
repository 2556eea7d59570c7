"""The gatekeeper's table: the state under a version, and which events it has seen, written in one transaction."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from . import state as states
from .state import State

KEY = {"id": {"S": "state"}}
SEEN_DAYS = 30  # longer than any queue of ours keeps a message
MOST = 90  # events whose identity fits one transaction, of AWS's 100


@dataclass(frozen=True)
class Snapshot:
    """The state as it was at `now`, by the table's clock: all functions share it, however their own clocks go."""

    state: State
    version: int
    now: float
    seen: frozenset[str]


def load(identities: Iterable[str] = ()) -> Snapshot:
    """Read the state, and which of these events were counted before."""
    table, wanted = os.environ["TABLE"], sorted(set(identities))
    answer = client("dynamodb").get_item(TableName=table, Key=KEY, ConsistentRead=True)
    item = answer.get("Item", {})
    state = states.load(item["body"]["S"]) if item else State()
    now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
    return Snapshot(state, int(item.get("version", {"N": "0"})["N"]), now, seen(table, wanted))


def seen(table: str, identities: list[str]) -> frozenset[str]:
    """Which of these events were counted before."""
    keys = [{"id": {"S": identity}} for identity in identities]
    found: list[dict[str, Any]] = []
    while keys:
        asked = {table: {"Keys": keys[:100], "ConsistentRead": True, "ProjectionExpression": "id"}}
        answer = client("dynamodb").batch_get_item(RequestItems=asked)
        found += answer["Responses"][table]
        keys = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", []) + keys[100:]
    return frozenset(item["id"]["S"] for item in found)


def save(before: Snapshot, state: State, identities: Iterable[str] = ()) -> bool:
    """Write the state and count these events, all or nothing; False where somebody else was faster."""
    table, known = os.environ["TABLE"], before.version > 0
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(id)"}
    own = {"ConditionExpression": "version = :v", "ExpressionAttributeValues": {":v": {"N": str(before.version)}}}
    item = KEY | {"version": {"N": str(before.version + 1)}, "body": {"S": states.dump(state)}}
    expires = {"expires_at": {"N": f"{before.now + SEEN_DAYS * 86400:.0f}"}}
    puts = [{"Put": {"TableName": table, "Item": item} | (own if known else condition)}]
    puts += [
        {"Put": {"TableName": table, "Item": {"id": {"S": identity}} | expires} | condition}
        for identity in sorted(set(identities))
    ]
    try:
        client("dynamodb").transact_write_items(TransactItems=puts)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("TransactionCanceledException", "TransactionConflictException"):
            return False
        raise
    return True


@cache
def client(service: str) -> Any:
    """One client per service for every invocation of this instance."""
    return boto3.client(service, config=Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 4}))
