"""Athena's SQL, which is Trino's, read and turned into DuckDB's by sqlglot; what the two do differently is refused.

https://docs.aws.amazon.com/athena/latest/ug/ddl-sql-reference.html
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cookiecutter_mlops.localaws.athena.exceptions import InvalidRequestException, QueryFailed, at
from cookiecutter_mlops.localaws.athena.tables import Table
from cookiecutter_mlops.localaws.extension import NotEmulated

CATALOG = "awsdatacatalog"
# What Athena executes, and nothing here does.
_LATER = {
    "ALTER", "ANALYZE", "CREATE", "DEALLOCATE", "DELETE", "DESCRIBE", "DROP", "EXECUTE", "EXPLAIN", "INSERT", "MERGE",
    "MSCK", "OPTIMIZE", "PREPARE", "SHOW", "UNLOAD", "UPDATE", "VACUUM",
}  # fmt: skip
# What Athena does not.
_NEVER = {"CALL", "COMMIT", "GRANT", "LOAD", "LOCK", "REVOKE", "ROLLBACK", "SET", "START", "TRUNCATE", "USE"}


def parsed(query: str) -> Any:
    """The tree of a query; InvalidRequestException where it is none, NotEmulated where it is something else."""
    import sqlglot

    try:
        word = next((token.text.upper() for token in sqlglot.tokenize(query, read="athena")), "")
        if word in _LATER:
            raise NotEmulated(f"athena:StartQueryExecution of {word} statements, only SELECT")
        if word in _NEVER:
            raise InvalidRequestException("Queries of this type are not supported")
        found = [tree for tree in sqlglot.parse(query, read="athena") if tree]
    except sqlglot.ParseError as error:
        raise InvalidRequestException(_mismatched(error)) from None
    except sqlglot.errors.TokenError as error:
        raise InvalidRequestException(f"line 1:1: {str(error).splitlines()[0]}") from None
    if len(found) != 1:
        raise InvalidRequestException(f"Only one sql statement is allowed. Got: {query}")
    if not isinstance(found[0], sqlglot.exp.Query):
        raise InvalidRequestException(f"line 1:1: mismatched input '{word}'. Expecting: <query>")
    return found[0]


def _mismatched(error: Any) -> str:
    first = error.errors[0]
    column = first["col"] - len(first["highlight"]) + 1
    return f"line {first['line']}:{max(column, 1)}: mismatched input '{first['highlight']}'. Expecting: <expression>"


def filled(tree: Any, parameters: list[str]) -> Any:
    """The tree with its question marks replaced, one after the other."""
    import sqlglot
    from sqlglot import exp

    marks = list(tree.find_all(exp.Placeholder, bfs=False))
    if len(marks) != len(parameters):
        found = f"expected {len(marks)} but found {len(parameters)}"
        raise QueryFailed(f"INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: {found}")
    for mark, value in zip(marks, parameters, strict=True):
        mark.replace(sqlglot.parse_one(value, read="athena"))
    return tree


def used(tree: Any, database: str) -> dict[tuple[str, str], str]:
    """The tables that a query reads, as (database, name), with the place where each stands; catalogs are taken off."""
    from sqlglot import exp

    own = {each.alias_or_name.lower() for each in tree.find_all(exp.CTE)}
    found = {}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise QueryFailed(f"FUNCTION_NOT_FOUND: {at(table)}Table function '{table.name}' not registered")
        if table.catalog and table.catalog.lower() != CATALOG:
            raise QueryFailed(f"CATALOG_NOT_FOUND: {at(table)}Catalog '{table.catalog}' does not exist")
        if table.db or table.name.lower() not in own:
            key = (table.db or database).lower(), table.name.lower()
            found[key] = at(table)
            table.set("catalog", None)
            table.set("db", exp.to_identifier(key[0], quoted=True))
            table.set("this", exp.to_identifier(key[1], quoted=True))
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(key[1], quoted=True)))
    return found


def translated(tree: Any, tables: list[Table], now: datetime) -> str:
    """The query in DuckDB's SQL; a QueryFailed where Athena would not take it, though DuckDB does."""
    from sqlglot import exp

    for function in tree.find_all(exp.Anonymous):
        raise QueryFailed(f"FUNCTION_NOT_FOUND: {at(function)}Function '{function.name.lower()}' not registered")
    tree = with_time(tree, now)
    for comparison in _comparisons(_typed(tree, tables)):
        raise QueryFailed(f"TYPE_MISMATCH: {at(comparison)}Cannot apply operator: {_operands(comparison)}")
    return str(tree.sql(dialect="duckdb"))


def with_time(tree: Any, now: datetime) -> Any:
    """A copy in which the time is what the embedded clock tells."""
    return tree.transform(lambda node: _moment(node, now))


def _moment(node: Any, now: datetime) -> Any:
    from sqlglot import exp

    if isinstance(node, exp.CurrentDate):
        return exp.cast(exp.Literal.string(f"{now:%Y-%m-%d}"), "date")
    if isinstance(node, exp.CurrentTimestamp):
        return exp.cast(exp.Literal.string(f"{now:%Y-%m-%d %H:%M:%S.%f}"), "timestamp")
    return node


def _typed(tree: Any, tables: list[Table]) -> Any:
    """The tree with the types of its columns, as far as sqlglot can tell them."""
    from sqlglot import exp
    from sqlglot.optimizer.annotate_types import annotate_types
    from sqlglot.optimizer.qualify_columns import qualify_columns

    schema: dict[str, Any] = {}
    for table in tables:
        columns = {
            name: exp.DataType.build(kind, dialect="hive") for name, kind in (table.columns | table.keys).items()
        }
        schema.setdefault(table.database, {})[table.name] = columns
    try:
        qualified = qualify_columns(tree.copy(), schema=schema, expand_alias_refs=False, infer_schema=False)
        return annotate_types(qualified, schema=schema, dialect="athena")
    except Exception:  # sqlglot resolves less than the databases do, which say what is wrong themselves
        return tree


def _comparisons(tree: Any) -> Iterator[Any]:
    """Comparisons of a text with what is none: DuckDB would make the one of the other, Athena does not."""
    from sqlglot import exp

    kinds = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
    for node in tree.find_all(*kinds):
        left, right = node.left.type, node.right.type
        if left is None or right is None:
            continue
        texts = [kind.this in exp.DataType.TEXT_TYPES for kind in (left, right)]
        others = (*exp.DataType.NUMERIC_TYPES, *exp.DataType.TEMPORAL_TYPES)
        if sum(texts) == 1 and (right if texts[0] else left).this in others:
            yield node


def _operands(node: Any) -> str:
    signs = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
    kinds = [_kind(side) for side in (node.left, node.right)]
    return f"{kinds[0]} {signs[type(node).__name__]} {kinds[1]}"


def _kind(side: Any) -> str:
    if side.is_string:
        return f"varchar({len(side.this)})"
    return str(side.type.sql(dialect="athena")).lower()
