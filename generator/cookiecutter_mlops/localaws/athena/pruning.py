"""Partition pruning: what a WHERE says of partition keys leaves out whole partitions, before an object is read.

https://docs.aws.amazon.com/athena/latest/ug/partitions.html
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from cookiecutter_mlops.localaws.athena import engine, sql
from cookiecutter_mlops.localaws.athena.tables import Table, Values


def pruned(tree: Any, table: Table, now: datetime) -> Table:
    """The table with the objects that a query can need: in every SELECT over it the partitions that its WHERE admits.

    Only conditions joined by AND that hold nothing but partition keys and constants count: all conditions are checked
    row by row afterwards. Those of an outer query are not passed into a subquery.
    """
    if not table.keys:
        return table
    partitions = [dict(each) for each in dict.fromkeys(tuple(one.partition.items()) for one in table.objects)]
    needed = [one for place in _places(tree, table) for one in _admitted(partitions, table, *place, now)]
    return replace(table, objects=[one for one in table.objects if one.partition in needed])


def _places(tree: Any, table: Table) -> Iterator[tuple[str, list[Any]]]:
    """For each SELECT over the table its alias there, and the conditions that are about its partitions."""
    from sqlglot import exp

    for found in tree.find_all(exp.Table):
        if (found.db, found.name) == (table.database, table.name):
            where = found.find_ancestor(exp.Select).args.get("where")
            every = list(where.this.flatten()) if where and isinstance(where.this, exp.And) else [where and where.this]
            yield found.alias, [each for each in every if each and _is_of_keys(each, found.alias, table.keys)]


def _is_of_keys(condition: Any, alias: str, keys: Values) -> bool:
    from sqlglot import exp

    columns = list(condition.find_all(exp.Column))
    own = all(each.name.lower() in keys and each.table.lower() in ("", alias.lower()) for each in columns)
    return bool(columns) and own and not condition.find(exp.Query, exp.AggFunc, exp.Window, exp.Rand)


def _admitted(partitions: list[Values], table: Table, alias: str, conditions: list[Any], now: datetime) -> list[Values]:
    """The partitions for which all conditions hold; every one where the query itself must tell.

    That is where DuckDB cannot say, and where nulls are admitted: an outer join makes them of what it does not find.
    """
    import duckdb

    if not conditions:
        return partitions
    place, marks = engine.quoted(alias), ", ".join("?" for _ in table.keys)
    keys = ", ".join(f"{engine.quoted(name)} {engine.duck(kind)}" for name, kind in table.keys.items())
    asked = " AND ".join(f"({sql.with_time(each, now).sql(dialect='duckdb')})" for each in conditions)
    rows = [[number, *(each[key] for key in table.keys)] for number, each in enumerate(partitions)]
    with duckdb.connect() as database:
        try:
            database.execute(f"CREATE TABLE {place} (number_of_partition BIGINT, {keys})")
            database.executemany(f"INSERT INTO {place} VALUES (?, {marks})", [*rows, [None] * (len(table.keys) + 1)])  # noqa: S608
            found = database.execute(f"SELECT number_of_partition FROM {place} WHERE {asked}").fetchall()  # noqa: S608
        except duckdb.Error:
            return partitions
    return partitions if (None,) in found else [partitions[number] for (number,) in found]
