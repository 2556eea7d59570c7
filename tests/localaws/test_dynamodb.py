"""Conditional writes of the embedded AWS are atomic: of thirty who want the same lock at once, one gets it."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws

CLIENTS = 30


@pytest.fixture
def table(aws: Aws) -> str:
    name = f"table-{uuid.uuid4().hex[:8]}"
    aws.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    return name


def at_once(aws: Aws, work: Callable[[Any, int], Any]) -> list[str]:
    """Let thirty clients do something at the same moment; return the code of each one's error, or nothing."""
    client = aws.client("dynamodb", attempts=1)

    def attempt(number: int) -> str:
        try:
            work(client, number)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return ""

    with ThreadPoolExecutor(CLIENTS) as threads:
        return list(threads.map(attempt, range(CLIENTS)))


def test_one_of_thirty_gets_the_lock(aws: Aws, table: str) -> None:
    for round_ in range(2):
        item = {"id": {"S": f"lock-{round_}"}}
        outcomes = at_once(
            aws,
            lambda client, number, item=item: client.put_item(
                TableName=table,
                Item=item | {"owner": {"N": str(number)}},
                ConditionExpression="attribute_not_exists(id)",
            ),
        )
        assert sorted(outcomes) == [""] + ["ConditionalCheckFailedException"] * (CLIENTS - 1)


def test_counter_counts_everybody(aws: Aws, table: str) -> None:
    outcomes = at_once(
        aws,
        lambda client, _: client.update_item(
            TableName=table, Key={"id": {"S": "counter"}}, UpdateExpression="ADD times :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        ),
    )  # fmt: skip
    assert outcomes == [""] * CLIENTS
    item = aws.client("dynamodb").get_item(TableName=table, Key={"id": {"S": "counter"}})["Item"]
    assert item["times"]["N"] == str(CLIENTS)


@pytest.mark.slow
def test_transactions_do_not_overlap(aws: Aws, table: str) -> None:
    put = {"TableName": table, "Item": {"id": {"S": "t"}}, "ConditionExpression": "attribute_not_exists(id)"}
    outcomes = at_once(aws, lambda client, _: client.transact_write_items(TransactItems=[{"Put": put}]))
    assert sorted(outcomes) == [""] + ["TransactionCanceledException"] * (CLIENTS - 1)
