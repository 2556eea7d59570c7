"""What a value of each column must be, in one place: training data and requests are held to it by the same sentences.

Text, spreadsheet cells and JSON values become what project.toml says, or are refused by name, rule and value.
"""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from training.settings import Column, UserError

MISSING = {"", "na", "n/a", "nan", "null", "none"}
BOOLEANS = dict.fromkeys(("true", "yes", "y", "t", "1"), 1.0) | dict.fromkeys(("false", "no", "n", "f", "0"), 0.0)


class DataError(UserError):
    """The data breaks a rule: the sentence names file, column, rule and the value seen."""


def typed(table: pd.DataFrame, columns: Iterable[Column], place: Callable[[int], str]) -> pd.DataFrame:
    """The columns with their types; the first cell that breaks a rule is named by its place."""
    result = {}
    for column in columns:
        cells, wrong = cast(table[column.name], column)
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            value = table[column.name].iloc[row]
            raise DataError(f"{place(row)}: {broken(column, value)}")
        result[column.name] = cells
    return pd.DataFrame(result, index=table.index)


def cast(cells: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    """Typed values (missing ones as NaN), and which cells break the rule of the column."""
    text = cells.map(_text)
    empty = cells.isna() | (text.str.lower().isin(MISSING) & ~text.isin(column.categories))
    if column.type == "number":
        is_boolean = cells.map(lambda cell: isinstance(cell, bool | np.bool_))
        values = pd.to_numeric(text, errors="coerce").where(~is_boolean).astype(float)
        values = values.where(np.isfinite(values))
    elif column.type == "date":
        values = pd.to_datetime(text, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)
    elif column.type == "boolean":
        values = text.str.lower().map(BOOLEANS)
    else:
        values = text.where(text.isin(column.categories)) if column.categories else text
    wrong = values.isna() & ~empty | _out_of_range(values, column)
    return values.mask(empty), wrong


def _text(cell: object) -> str:
    """One text for a value, whether it came from csv, Excel, parquet or JSON: 3.0 is the category 3."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53 else str(cell).strip()


def _out_of_range(values: pd.Series, column: Column) -> pd.Series:
    bound = pd.Timestamp if column.type == "date" else float
    outside = pd.Series(False, index=values.index)
    if column.minimum is not None:
        outside |= values < bound(column.minimum)
    if column.maximum is not None:
        outside |= values > bound(column.maximum)
    return outside


def broken(column: Column, value: object) -> str:
    """The sentence for a value that breaks the rule of its column."""
    return f"{column.name} must be {rule(column)}, not {str(value)[:80]!r}."


def rule(column: Column) -> str:
    """What a value of the column must be, as the end of a sentence."""
    if column.type == "boolean":
        return "true or false"
    if column.categories:
        return f"one of {', '.join(column.categories)}"
    words = {"number": "a number", "date": "a date such as 2024-05-31", "category": "a text"}[column.type]
    low = f" from {column.minimum}" if column.minimum is not None else ""
    high = f" to {column.maximum}" if column.maximum is not None else ""
    return words + low + high
