"""Athena's errors: of requests, and of queries that were started and then failed."""

from typing import Any

from cookiecutter_mlops.localaws.extension import AwsError

SYSTEM, USER = 1, 2  # categories: https://docs.aws.amazon.com/athena/latest/ug/error-reference.html


class InvalidRequestException(AwsError):
    def __init__(self, message: str) -> None:
        super().__init__("InvalidRequestException", message)


class QueryFailed(Exception):
    """A query ended badly; the text is the reason that its execution shows, such as `TABLE_NOT_FOUND: line 1:15: …`."""


class QueryCancelled(QueryFailed):
    """Athena ended a query by itself."""


def at(node: Any) -> str:
    """Where a part of a query stands, as Athena says it: `line 1:15: `; empty where the parser does not know."""
    from sqlglot import exp

    parts = [part.meta for part in [node, *node.find_all(exp.Identifier)] if "line" in part.meta]
    if not parts:
        return ""
    first = min(parts, key=lambda meta: meta["start"])
    return f"line {first['line']}:{first['col'] - (first['end'] - first['start'])}: "
