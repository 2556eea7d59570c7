"""DynamoDB's requests: transactions need the actions of their parts, batches and indexes have ARNs of their own."""

from collections.abc import Iterator
from typing import Any

from cookiecutter_mlops.localaws.iam.requests import Operation

_PARTS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


def actions(operation: Operation) -> list[tuple[str, str]]:
    """Return action and ARN of everything that a request does to tables; nothing where it names no table."""
    params = operation.params
    if items := params.get("TransactItems"):
        return sorted({(_PARTS[part], _arn(operation, _table(what))) for item in items for part, what in item.items()})
    if requested := params.get("RequestItems"):
        return [(operation.name, _arn(operation, table)) for table in requested]
    if table := params.get("TableName"):
        index = f"/index/{params['IndexName']}" if params.get("IndexName") else ""
        return [(operation.name, _arn(operation, table) + index)]
    return []


def keys(operation: Operation) -> Iterator[str]:
    """Return the customer's keys of the tables whose items a request reads or writes."""
    from moto.dynamodb.models import dynamodb_backends

    backend: Any = dynamodb_backends[operation.account][operation.region]
    for name in sorted({arn.partition(":table/")[2].partition("/")[0] for _, arn in actions(operation)}):
        settings = getattr(backend.tables.get(name), "sse_specification", None) or {}
        if "Item" in operation.name or operation.name in ("Query", "Scan"):
            yield settings.get("KMSMasterKeyId") or ""


def _table(part: Any) -> str:
    return part["TableName"]


def _arn(operation: Operation, table: str) -> str:
    name = table.partition(":table/")[2] or table
    return f"arn:aws:dynamodb:{operation.region}:{operation.account}:table/{name}"
