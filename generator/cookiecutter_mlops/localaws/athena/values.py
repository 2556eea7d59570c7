"""Values and types of a result as Athena writes them; in its CSV, everything but null is quoted."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from cookiecutter_mlops.localaws.athena.models import Column

# What DuckDB calls types; sums of whole numbers are wider there than in Athena.
_TYPES = {
    "BLOB": "varbinary",
    "FLOAT": "float",
    "HUGEINT": "bigint",
    "STRUCT": "row",
    "VARCHAR": "varchar",
    '"NULL"': "unknown",
}
_PRECISION = {
    "bigint": 19,
    "integer": 10,
    "smallint": 5,
    "tinyint": 3,
    "double": 17,
    "float": 17,
    "varchar": 2147483647,
}
_PRECISION |= {"timestamp": 3}


def column(name: str, kind: str) -> Column:
    """A column of a result from its name and DuckDB's type, such as `DECIMAL(18,3)` or `VARCHAR[]`."""
    if kind.endswith("]"):
        return Column(name, "array")
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind):
        return Column(name, "decimal", int(decimal[1]), int(decimal[2]))
    base = kind.partition("(")[0]
    known = _TYPES.get(base, base.lower())
    return Column(name, known, _PRECISION.get(known, 0), 3 if known == "timestamp" else 0)


def text(value: Any) -> str | None:
    """A value as GetQueryResults gives it; None is null."""
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, datetime):
        zone = f" {value.tzname()}" if value.tzinfo else ""
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03}{zone}"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, list | tuple):
        return f"[{', '.join(_inner(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_inner(item)}" for key, item in value.items()) + "}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _inner(value: Any) -> str:
    return "null" if value is None else _text(value)


def _double(value: float) -> str:
    """A double as Java writes it: 0.001 to 10 million as digits, the rest with an exponent."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    digits, _, exponent = f"{Decimal(repr(value)).normalize():E}".partition("E")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def csv(columns: list[Column], rows: list[list[str | None]]) -> bytes:
    """The file of a result."""
    lines: list[list[str | None]] = [[column.name for column in columns], *rows]
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines).encode()


def _quoted(cell: str | None) -> str:
    return "" if cell is None else '"' + cell.replace('"', '""') + '"'
