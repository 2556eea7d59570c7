"""Captured instances as monitoring sees them: tables at once, where a server reads one row after the other."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pandas as pd

from training.rules import cast
from training.settings import Column, Settings


def observed(instances: list[Any], settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame, Counter[str]]:
    """What monitoring sees in captured instances: typed columns, which cells break a rule, fields that nobody knows.

    A number out of range and a category that is not on the list keep their value: they are what moved.
    """
    rows = [instance if isinstance(instance, dict) else {} for instance in instances]
    names = [column.name for column in settings.features]
    table = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    typed_and_wrong = {column.name: _judged(table[column.name], column) for column in settings.features}
    unknown = Counter(name for row in rows if len(row.keys() - names) for name in row.keys() - names)
    values, wrong = (pd.DataFrame({name: pair[place] for name, pair in typed_and_wrong.items()}) for place in (0, 1))
    return values, wrong, unknown


def _judged(cells: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    values, wrong = cast(cells, column)
    if wrong.any():
        values = values.copy()
        values[wrong] = cast(cells[wrong], replace(column, minimum=None, maximum=None, categories=()))[0]
    return values, wrong | (values.isna() & (column.missing == 0))
