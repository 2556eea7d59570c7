"""Runs one query in a database of its own, in memory: DuckDB, which afterwards reads nothing but those tables."""

import importlib.util
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws.athena.exceptions import QueryFailed, at
from cookiecutter_mlops.localaws.athena.models import Column
from cookiecutter_mlops.localaws.athena.tables import Object, Table
from cookiecutter_mlops.localaws.athena.values import column, text
from cookiecutter_mlops.localaws.extension import NotEmulated

MEMORY = "1GB"  # the rest goes to the temporary folder
# Types of Parquet that Athena reads as a wider one.
_WIDER = {("INTEGER", "BIGINT"), ("SMALLINT", "INTEGER"), ("TINYINT", "INTEGER"), ("FLOAT", "DOUBLE")}
_MISSING = re.compile(r'Referenced (?:column|table) "(.+?)" not found|does not have a column named "(.+?)"')
Result = tuple[list[Column], list[list[str | None]]]


def require() -> None:
    """Raise NotEmulated where the packages of the extra are missing."""
    missing = [name for name in ("duckdb", "sqlglot") if not importlib.util.find_spec(name)]
    if missing:
        install = "pip install 'cookiecutter-mlops[athena]'"
        raise NotEmulated(f"athena:StartQueryExecution without {' and '.join(missing)}; {install} brings them")


def run(query: str, tree: Any, tables: list[Table], read: Callable[[Object], bytes]) -> Result:
    """Columns and rows of a query in DuckDB's SQL; `tree` is what it was made from, for the places of errors."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="athena-") as folder:
        settings: dict[str, Any] = {"memory_limit": MEMORY, "temp_directory": folder, "integer_division": True}
        settings |= dict.fromkeys(("autoinstall_known_extensions", "autoload_known_extensions"), False)  # no downloads
        with duckdb.connect(config=settings) as database:
            for number, table in enumerate(tables):
                _load(database, table, read, Path(folder) / str(number))
            database.execute("SET enable_external_access = false; SET lock_configuration = true")
            try:
                found = database.execute(query)
                rows = [[text(value) for value in row] for row in found.fetchall()]
            except duckdb.Error as error:
                raise QueryFailed(_sentence(error, tree)) from None
            return [column(name, str(kind)) for name, kind, *_ in found.description], rows


def _load(database: Any, table: Table, read: Callable[[Object], bytes], folder: Path) -> None:
    """Make a table of its objects, each column by its name in them, and each partition's values as columns."""
    folder.mkdir()
    types = {name: duck(kind) for name, kind in (table.columns | table.keys).items()}
    place = f"{quoted(table.database)}.{quoted(table.name)}"
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in types.items())
    database.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(table.database)}; CREATE TABLE {place} ({columns})")
    for number, one in enumerate(table.objects):
        file = folder / f"{number}.parquet"
        file.write_bytes(read(one))
        values = _of_file(database, file, one, {name: types[name] for name in table.columns})
        values |= {key: f"CAST({_literal(one.partition[key])} AS {types[key]})" for key in table.keys}
        chosen = ", ".join(f"{value} AS {quoted(name)}" for name, value in values.items())
        source = f"read_parquet({_literal(str(file))})"
        database.execute(f"INSERT INTO {place} BY NAME SELECT {chosen} FROM {source}")  # noqa: S608
        file.unlink()


def _of_file(database: Any, file: Path, one: Object, types: dict[str, str]) -> dict[str, str]:
    """The columns that a file has, each as what is selected; one that it lacks is null, as in Athena."""
    import duckdb

    try:
        described = database.read_parquet(str(file))
    except duckdb.Error:
        raise QueryFailed(f"HIVE_BAD_DATA: Not valid Parquet file: {one.address}") from None
    names = {name.lower(): (name, str(kind)) for name, kind, *_ in described.description}
    for name, kind in types.items():
        if name in names and names[name][1] != kind and (names[name][1], kind) not in _WIDER:
            found = f"type {names[name][1]} in parquet file {one.address} is incompatible with type {kind}"
            raise QueryFailed(f"HIVE_BAD_DATA: Field {name}'s {found} defined in table schema")
    return {name: quoted(names[name][0]) if name in names else "NULL" for name in types}


def duck(kind: str) -> str:
    """A type of Hive's as DuckDB names it."""
    import duckdb
    from sqlglot import exp

    return str(duckdb.sqltype(exp.DataType.build(kind, dialect="hive").sql(dialect="duckdb")))


def quoted(name: str) -> str:
    """A name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _sentence(error: Exception, tree: Any) -> str:
    """DuckDB's error under the name that Athena has for it."""
    from sqlglot import exp

    message = str(error).splitlines()[0]
    if found := _MISSING.search(message):
        name = found[1] or found[2]
        nodes = [node for node in tree.find_all(exp.Identifier) if node.name.lower() == name.lower()]
        place = at(nodes[0]) if nodes else ""
        more = "cannot be resolved or requester is not authorized to access requested resources"
        return f"COLUMN_NOT_FOUND: {place}Column '{name}' {more}"
    kind, _, rest = message.partition(": ")
    names = {
        "Binder Error": "SYNTAX_ERROR",
        "Conversion Error": "INVALID_CAST_ARGUMENT",
        "Catalog Error": "FUNCTION_NOT_FOUND",
    }
    names |= {"Out of Range Error": "NUMERIC_VALUE_OUT_OF_RANGE", "Out of Memory Error": "EXCEEDED_LOCAL_MEMORY_LIMIT"}
    return f"{names.get(kind, 'GENERIC_INTERNAL_ERROR')}: {rest or message}"
