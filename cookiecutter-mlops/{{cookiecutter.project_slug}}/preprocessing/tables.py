"""A table becomes typed rows that obey project.toml, block by block; each row that breaks a rule is told by itself."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from training.blocks import RowError
from training.cells import DataError
from training.columns import Typist
from training.files import DECIMALS, kind
from training.readers import open_table
from training.settings import load_settings

MOST = 1000  # wrong rows of a file; with more, it is not the table that project.toml describes


def read(name: str, source: Path, labels: Path) -> Iterator[pl.DataFrame | DataError]:
    """The columns of project.toml from a CSV, TSV, NDJSON, Parquet or Excel file, without the rows that are wrong."""
    path, settings = source / name, load_settings()
    table, names = open_table(path), [column.name for column in settings.columns]
    for column in names:
        if column not in table.names:
            raise DataError(f"{name}: there is no column {column!r}; it has {', '.join(table.names)}.")
    typist = Typist(settings.columns, settings.data.decimal if kind(path) in DECIMALS else ".")
    first, wrong = table.first, 0
    try:
        for block in table.blocks():
            cells = table.rows(block, names)
            for part in _typed(cells, typist, name, first):
                wrong += isinstance(part, DataError)
                if wrong > MOST:
                    raise DataError(f"{name}: more than {MOST} rows break a rule; what follows is left out.")
                yield part
            first += len(cells)
    except RowError as error:
        raise DataError(f"{name}, row {first + error.row}: {error} What follows is left out.") from None


def _typed(cells: pl.DataFrame, typist: Typist, name: str, first: int) -> Iterator[pl.DataFrame | DataError]:
    """The rows of a block that are right, and a sentence for each other one; a blank line is neither."""
    numbers = pl.int_range(first, first + len(cells), eager=True)
    while True:
        try:
            rows = typist(cells)
        except RowError as error:
            yield DataError(f"{name}, row {numbers[error.row]}: {error}")
            others = pl.int_range(len(cells), eager=True) != error.row
            cells, numbers = cells.filter(others), numbers.filter(others)
        else:
            yield rows.filter(~pl.all_horizontal(pl.all().is_null()))
            return
