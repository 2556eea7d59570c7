"""Small tables held to the rules of project.toml. Files and requests meet the same rules in training/cells.py.

Text, spreadsheet cells and JSON values become what project.toml says, or are refused by name, rule and value.
"""

import numpy as np
import pandas as pd

from training.cells import BOOLEANS, DATE, MISSING, Wrong, reader, text_of
from training.settings import Column


def cast(cells: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    """Typed values (missing ones as NaN), and which cells break the rule of the column."""
    if column.type in ("text", "labels"):
        return _words(cells, column)
    text = cells.map(text_of)
    empty = cells.isna() | (text.str.lower().isin(MISSING) & ~text.isin(column.categories))
    if column.type == "number":
        is_boolean = cells.map(lambda cell: isinstance(cell, bool | np.bool_))
        values = pd.to_numeric(text, errors="coerce").where(~is_boolean).astype(float)
        values = values.where(np.isfinite(values))
    elif column.type == "date":
        dates = text.where(text.str.fullmatch(DATE))  # pandas would take the word "today" for one
        values = pd.to_datetime(dates, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)
    elif column.type == "boolean":
        values = text.str.lower().map(BOOLEANS)
    else:
        values = text.where(text.isin(column.categories)) if column.categories else text
    wrong = values.isna() & ~empty | _out_of_range(values, column)
    return values.mask(empty), wrong


def _words(cells: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    """Texts and labels one by one, as a request is read: nothing about them can be settled for a column at once."""
    read, wrong = reader(column), []

    def value(cell: object) -> object:
        try:
            found = read(cell)
        except Wrong:
            wrong.append(True)
            return np.nan
        wrong.append(False)
        return np.nan if found is None else found

    values = [value(cell) for cell in cells]
    return pd.Series(values, cells.index, dtype=object), pd.Series(wrong, cells.index, dtype=bool)


def _out_of_range(values: pd.Series, column: Column) -> pd.Series:
    bound = pd.Timestamp if column.type == "date" else float
    outside = pd.Series(False, index=values.index)
    if column.minimum is not None:
        outside |= values < bound(column.minimum)
    if column.maximum is not None:
        outside |= values > bound(column.maximum)
    return outside
