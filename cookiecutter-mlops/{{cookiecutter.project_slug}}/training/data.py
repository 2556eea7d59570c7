"""Read tables (csv, tsv, ndjson, parquet, xlsx) batch by batch, and hold them to the rules of project.toml.

    python -m training.data FILE    # says in one sentence what is wrong with the file, or how many rows are right

The rules themselves are in training/rules.py, where requests meet them too. Rows that fit into memory become a pandas
table, others wait in Parquet files (training/shards.py); both are split and learned from alike.
"""

import hashlib
import json
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from training import shards
from training.blocks import RowError
from training.columns import Typist
from training.readers import DECIMALS, KINDS, Table, kind, open_table, refuse_empty
from training.rules import DataError
from training.settings import Column, Settings, UserError, load_settings
from training.shards import Shards

MANIFEST = "manifest.json"  # what makes a folder a data snapshot: its version and the sums of its files
SMALLEST_CLASS = 5  # a class needs a few rows on both sides of the hold-out
WORKERS = 2  # batches under way; polars itself works on all cores


def load_table(source: Path, settings: Settings) -> pd.DataFrame | Shards:
    """Every row of a file, or of a folder of files, with the types of project.toml and a known target.

    A table where the rows fit into memory, and Shards where they do not.
    """
    return shards.collect(_checked(source, settings), settings)


def check(source: Path, settings: Settings) -> int:
    """How many rows obey the rules; a DataError for the first one that does not. No row is kept."""
    return sum(len(rows) for rows in _checked(source, settings))


def read_table(path: Path) -> pd.DataFrame:
    """The first table of a file as it stands there, for files that are known to be small."""
    table = open_table(path)
    parts = [table.rows(block, table.names) for block in table.blocks()]
    if not parts:
        refuse_empty(path)
    return pd.DataFrame(pl.concat(parts).to_dict(as_series=False), dtype=object)


def split(
    table: pd.DataFrame | Shards, settings: Settings, purpose: int = 0
) -> tuple[pd.DataFrame | Shards, pd.DataFrame]:
    """Rows to learn from and rows to judge on, drawn by their content, the seed and a purpose (a second split).

    A row stays on its side in every later snapshot: the live model has never learned what its successor is judged on.
    """
    if isinstance(table, Shards):
        return table.split(settings, purpose)
    place = pd.Series(shards.places(shards.contents(table), settings.data.seed + purpose), table.index)
    holdout = place < settings.data.holdout
    if settings.problem.type == "classification":  # at least one row of each class on either side
        classes = place.groupby(table[settings.problem.target])
        holdout = (holdout | (place == classes.transform("min"))) & (place != classes.transform("max"))
    return table[~holdout], table[holdout]


def data_version(source: Path) -> str:
    """The version of a snapshot, or for plain files a name made of their content."""
    manifest = source / MANIFEST
    if manifest.is_file():
        return str(json.loads(manifest.read_text())["version"])
    digest = hashlib.sha256()
    for path in data_files(source):
        with path.open("rb") as content:
            while part := content.read(2**20):
                digest.update(part)
    return f"local-{digest.hexdigest()[:8]}"


def data_files(source: Path) -> list[Path]:
    """The tables at a path; those of a snapshot must be the ones that its manifest lists."""
    if not source.exists():
        raise DataError(f"{source}: there is no such file; give a {KINDS} file.")
    if source.is_file():
        return [source]
    if (source / MANIFEST).is_file():
        return [_verified(source, entry) for entry in json.loads((source / MANIFEST).read_text())["files"]]
    files = sorted(path for path in source.iterdir() if kind(path))
    if not files:
        raise DataError(f"{source}: the folder holds no {KINDS} file.")
    return files


def _verified(snapshot: Path, entry: dict) -> Path:
    path = snapshot / Path(entry["name"]).name  # a manifest cannot point out of its folder
    if not path.is_file() or _sum(path) != entry["sha256"]:
        raise DataError(f"{path.name}: missing from the snapshot or changed since its manifest was written.")
    return path


def _sum(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


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


def _checked(source: Path, settings: Settings) -> Iterator[pl.DataFrame]:
    """Typed rows with a known target; what only the whole can break is told at the end."""
    rows, classes = 0, Counter[Any]()
    for path in data_files(source):
        for batch in _typed_file(path, settings):
            rows += len(batch)
            if settings.problem.type == "classification":
                counted = batch[settings.problem.target].value_counts()
                classes.update(dict(counted.iter_rows()))
            yield batch
    if rows < settings.gate.minimum_rows:
        raise DataError(
            f"{source.name}: {rows} rows are too few, [gate] minimum_rows asks for {settings.gate.minimum_rows}."
        )
    if settings.problem.type == "classification":
        _check_classes(classes, settings.problem.target, source)


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


if __name__ == "__main__":
    try:
        count = check(Path(sys.argv[1]), load_settings())
    except UserError as problem:
        sys.exit(str(problem))
    sys.stdout.write(f"{count} rows obey project.toml\n")
