"""DynamoDB, one operation at a time: moto looks at a condition and writes without a lock in between.

Items whose time to live is over stay, as they may on AWS for two days: whoever holds a lock in a table must look.
"""

import threading
from collections.abc import Callable
from typing import Any

from moto.dynamodb.models import DynamoDBBackend as MotoBackend
from moto.dynamodb.models import dynamodb_backends

_OPERATIONS = (
    "put_item",
    "get_item",
    "query",
    "scan",
    "update_item",
    "delete_item",
    "transact_write_items",
    "execute_statement",
    "execute_transaction",
    "batch_execute_statement",
)


class DynamoDBBackend(MotoBackend):
    """moto's tables, one operation at a time."""

    def __init__(self, region_name: str, account_id: str) -> None:
        self.lock = threading.RLock()
        super().__init__(region_name, account_id)


def _one_at_a_time(operation: Callable[..., Any]) -> Callable[..., Any]:
    def locked(backend: DynamoDBBackend, *arguments: Any, **settings: Any) -> Any:
        with backend.lock:
            return operation(backend, *arguments, **settings)

    return locked


for _name in _OPERATIONS:
    setattr(DynamoDBBackend, _name, _one_at_a_time(getattr(MotoBackend, _name)))


def install() -> None:
    from cookiecutter_mlops.localaws.extension import swap_backend

    swap_backend(dynamodb_backends, DynamoDBBackend)
