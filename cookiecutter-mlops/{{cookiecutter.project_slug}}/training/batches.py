"""Files become batches of typed rows that obey project.toml; what only the whole can break is told at the end."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from training import hosts
from training.blocks import RowError
from training.cells import DataError
from training.columns import Typist
from training.files import DECIMALS, data_files, kind
from training.readers import Table, open_table, refuse_empty
from training.settings import Column, Settings

SMALLEST_CLASS = 5  # a class needs a few rows on both sides of the hold-out
WORKERS = 2  # batches under way; polars itself works on all cores


@dataclass
class Tally:
    """What is counted while rows go by, and judged when all have."""

    rows: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)  # by column, the row of the first missing value

    def add(self, rows: pl.DataFrame, numbers: pl.Series) -> None:
        """Count rows, whose numbers in the file are told."""
        self.rows += len(rows)
        for column in rows:
            if gaps := column.null_count():
                self.missing[column.name] += gaps
                self.first.setdefault(column.name, int(numbers[int(column.is_null().arg_max() or 0)]))


def checked(source: Path, settings: Settings) -> Iterator[pl.DataFrame]:
    """Typed rows with a known target; what only the whole can break is told at the end."""
    rows, classes = 0, Counter[Any]()
    for path in data_files(source):
        for batch in _typed_file(path, settings):
            rows += len(batch)
            if settings.problem.type == "classification":
                counted = batch[settings.problem.target].value_counts()
                classes.update(dict(counted.iter_rows()))
            yield batch
    if hosts.sharded():
        rows, classes = _everywhere(rows, classes)
    if rows < settings.gate.minimum_rows:
        raise DataError(
            f"{source.name}: {rows} rows are too few, [gate] minimum_rows asks for {settings.gate.minimum_rows}."
        )
    if settings.problem.type == "classification":
        _check_classes(classes, settings.problem.target, source)


def check(source: Path, settings: Settings) -> int:
    """How many rows obey the rules; a DataError for the first one that does not. No row is kept."""
    return sum(len(rows) for rows in checked(source, settings))


def _everywhere(rows: int, classes: Counter[Any]) -> tuple[int, Counter[Any]]:
    """The counts of all machines, of which each has other rows."""
    told = hosts.here().every([rows, [*classes.items()]])
    return sum(count for count, _ in told), sum((Counter(dict(items)) for _, items in told), Counter())


def _typed_file(path: Path, settings: Settings) -> Iterator[pl.DataFrame]:
    table, tally = open_table(path), Tally()
    for column in settings.columns:
        if column.name not in table.names:
            raise DataError(f"{path.name}: there is no column {column.name!r}; it has {', '.join(table.names)}.")
    for rows, numbers in _typed_batches(table, settings):
        tally.add(rows, numbers)
        yield rows.filter(pl.col(settings.problem.target).is_not_null())  # a row without the answer teaches nothing
    if not tally.rows:
        refuse_empty(path)
    for column in settings.columns:
        _check_missing(column, tally, path)


def _typed_batches(table: Table, settings: Settings) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
    """Typed rows with their numbers in the file; a row without any value, such as a blank line, is none."""
    names = [column.name for column in settings.columns]
    typist = Typist(settings.columns, settings.data.decimal if kind(table.path) in DECIMALS else ".")
    first = table.first
    try:
        for rows in _ahead(lambda block: typist(table.rows(block, names)), table.blocks()):
            numbers = pl.int_range(first, first + len(rows), eager=True)
            first += len(rows)
            blank = rows.select(pl.all_horizontal(pl.all().is_null())).to_series()
            yield (rows.filter(~blank), numbers.filter(~blank)) if blank.any() else (rows, numbers)
    except RowError as error:
        raise DataError(f"{table.path.name}, row {first + error.row}: {error}") from None


def _ahead(function: Callable[[Any], pl.DataFrame], items: Iterable[Any]) -> Iterator[pl.DataFrame]:
    """`map`, some calls ahead of who takes the results; an error comes after the results before it."""
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: deque[Future[pl.DataFrame]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > WORKERS:
                    yield waiting.popleft().result()
        except RowError:
            yield from (future.result() for future in waiting)
            raise
        yield from (future.result() for future in waiting)


def _check_missing(column: Column, tally: Tally, path: Path) -> None:
    share = tally.missing[column.name] / tally.rows
    if share == 1:
        raise DataError(f"{path.name}: column {column.name!r} is empty, every value is missing.")
    if share > column.missing:
        raise DataError(
            f"{path.name}: column {column.name!r} may miss at most {column.missing:.0%} of its values, "
            f"but misses {share:.1%} (first in row {tally.first[column.name]})."
        )


def _check_classes(counts: Counter[Any], name: str, source: Path) -> None:
    if len(counts) < 2:
        raise DataError(f"{source.name}: column {name!r} has one class, two are needed.")
    rarest, rows = min(counts.items(), key=lambda entry: entry[1])
    if rows < SMALLEST_CLASS:
        raise DataError(
            f"{source.name}: class {rarest!r} of column {name!r} has {rows} rows, "
            f"each class needs at least {SMALLEST_CLASS}."
        )
