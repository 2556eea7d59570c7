"""The rules of training/cells.py for whole batches: polars settles what is plainly right, the rules judge the rest.

A number is settled by its digits; any other text is judged by the rules when it is first seen, and remembered. So each
rule has one place, and a file is told of a value what a request is told. Without pandas, whose import takes as long as
the reading of a hundred thousand rows.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from training.cells import Wrong, broken, nanoseconds, reader
from training.readers import RowError
from training.settings import Column

REMEMBERED = 1000  # texts of a column; one of free text has no use for more
TYPES: dict[str, Any] = {"number": pl.Float64, "boolean": pl.Float64, "date": pl.Datetime("ns")}
TYPES |= dict.fromkeys(("category", "text", "labels"), pl.String)
FIRST, LAST = datetime(1700, 1, 1), datetime(2200, 1, 1)  # fit into nanoseconds; other dates go to the rules
DATE, TIME = "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"
DECIMAL_COMMA = re.compile(r"-?[\d.]*,\d+")


@dataclass
class Seen:
    """Texts of one column that the rules let pass, and their values."""

    texts: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))
    values: pl.Series = field(default_factory=pl.Series)


@dataclass
class Typist:
    """Types the columns of a file, batch after batch; two batches may be typed at the same time."""

    columns: Iterable[Column]
    decimal: str = "."  # the mark in numbers that are written as text
    seen: dict[str, Seen] = field(default_factory=dict)

    def __call__(self, cells: pl.DataFrame) -> pl.DataFrame:
        """Typed columns, missing values as null; a RowError for the first cell of a column that breaks its rule."""
        return pl.DataFrame([self._typed(cells[column.name], column) for column in self.columns])

    def _typed(self, cells: pl.Series, column: Column) -> pl.Series:
        plain = _plain(cells, column)
        if self.decimal == "," and plain.dtype == pl.String and column.type == "number":
            plain = plain.str.replace_all(".", " . ", literal=True).str.replace(",", ".", literal=True)
        values, doubtful = self._settled(plain, column)
        rows = doubtful.arg_true()
        return self._judged(cells, plain, values, rows, column) if len(rows) else values

    def _settled(self, plain: pl.Series, column: Column) -> tuple[pl.Series, pl.Series]:
        """Values of the cells that are plainly right, and which cells are left to the rules."""
        seen = self.seen.get(column.name)
        if column.type == "text":  # no rule could be broken
            words = plain.str.strip_chars()
            return words.set(words == "", None), pl.repeat(False, len(words), dtype=pl.Boolean, eager=True)
        if column.type in ("number", "date"):
            values = plain.cast(pl.Float64, strict=False) if column.type == "number" else _dates(plain)
            right = _in_range(values, column)
            return (values, ~right) if right.all() else (values.set(~right, None), ~right & plain.is_not_null())
        if seen is None:
            return pl.Series(plain.name, [None], TYPES[column.type]).new_from_index(0, len(plain)), plain.is_not_null()
        places = plain.cast(pl.Enum(seen.texts), strict=False).to_physical()
        return seen.values.gather(places).alias(plain.name), places.is_null() & plain.is_not_null()

    def _judged(
        self, cells: pl.Series, plain: pl.Series, values: pl.Series, rows: pl.Series, column: Column
    ) -> pl.Series:
        """The values with those of the doubtful rows, each different text judged once."""
        texts = plain.gather(rows).cast(pl.String)
        known, read, found = texts.unique(maintain_order=True), reader(column), []
        for text in known:
            try:
                found.append(read(text))
            except Wrong:
                row = int(rows[int((texts == text).arg_max() or 0)])
                raise RowError(row, self._sentence(str(cells[row]), column)) from None
        meaning = pl.Series(found, dtype=TYPES[column.type])
        if meaning.dtype.is_float():
            meaning = meaning.fill_nan(None)
        if column.type in ("boolean", "category", "labels"):
            self._remember(column.name, known, meaning)
        return values.scatter(rows, meaning.gather(texts.cast(pl.Enum(known)).to_physical()))

    def _remember(self, name: str, texts: pl.Series, values: pl.Series) -> None:
        seen = self.seen.get(name)
        if seen is not None:
            new = ~texts.is_in(seen.texts.implode())
            texts, values = seen.texts.append(texts.filter(new)), seen.values.append(values.filter(new))
        self.seen[name] = Seen(texts.head(REMEMBERED), values.head(REMEMBERED))

    def _sentence(self, value: str, column: Column) -> str:
        comma = column.type == "number" and self.decimal == "." and DECIMAL_COMMA.fullmatch(value.strip())
        return broken(column, value) + (' Decimal commas need `decimal = ","` under [data].' if comma else "")


def _plain(cells: pl.Series, column: Column) -> pl.Series:
    """Cells of any type as text, but numbers and times as they are where the column is of them. 3.0 is the text 3."""
    kind = cells.dtype
    if kind == pl.String or (kind.is_integer() and column.type == "number"):
        return cells
    if kind.is_float() or kind.is_decimal():
        numbers = cells.cast(pl.Float64).fill_nan(None)
        return numbers if column.type == "number" else _digits(numbers)
    if kind == pl.Date or (kind == pl.Datetime and kind.time_zone is None):  # type: ignore[attr-defined]
        times = cells.cast(pl.Datetime("us"))
        return times if column.type == "date" else times.dt.to_string(TIME)
    if kind.is_nested() or kind == pl.Binary:
        return pl.Series(cells.name, [None if cell is None else str(cell) for cell in cells], pl.String)
    return cells.cast(pl.String)


def _digits(numbers: pl.Series) -> pl.Series:
    whole = (numbers == numbers.floor()) & (numbers.abs() < 2**53)
    return (
        numbers.cast(pl.String)
        .set(whole.fill_null(False), None)
        .fill_null(numbers.set(~whole.fill_null(False), None).cast(pl.Int64).cast(pl.String))
    )


def _dates(plain: pl.Series) -> pl.Series:
    times = plain
    if plain.dtype == pl.String:
        ten = plain.str.len_bytes() == len("2024-05-31")
        times = (plain if ten.all() else plain.set(~ten, None)).str.to_date(DATE, strict=False).cast(pl.Datetime("us"))
        if times.null_count() > plain.null_count():
            times = times.fill_null(plain.str.to_datetime(TIME, time_unit="us", strict=False))
    countable = times.is_between(FIRST, LAST)
    return (times if countable.all() else times.set(~countable, None)).cast(pl.Datetime("ns"))


def _in_range(values: pl.Series, column: Column) -> pl.Series:
    right = values.is_finite() if column.type == "number" else values.is_not_null()
    numbers = values.to_physical()  # dates in nanoseconds since 1970
    if column.minimum is not None:
        right &= numbers >= _bound(column.minimum)
    if column.maximum is not None:
        right &= numbers <= _bound(column.maximum)
    return right.fill_null(False)


def _bound(value: Any) -> float:
    return value if isinstance(value, int | float) else nanoseconds(str(value))
