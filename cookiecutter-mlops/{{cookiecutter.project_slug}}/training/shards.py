"""Rows that do not fit into memory: Parquet files of a temporary folder, read back a batch at a time.

What a model learns by passing over all rows, it learns from `for rows in shards`. What needs only some rows (encoders,
statistics, a trial, the judgement) has at most about SAMPLE of them, drawn by their content as in training/data.py.
Of a job on several machines each iterates over its share of the rows; the tables of some rows are of all of them.
"""

import io
import itertools
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from training import hosts
from training.cells import DataError
from training.columns import TYPES
from training.data import contents, places
from training.hosts import Hosts
from training.settings import Column, Settings

BYTES = 64  # of memory for a value while a model is fitted in memory, copies and all (benchmarks/out_of_core.py)
SHARE = 0.5  # of the machine's memory is for rows
ROWS = 100_000  # of a shard, and so of a batch
SAMPLE = 100_000  # rows that stand for all of them: a share is right to 0.4 % of all
SAMPLING = 1_000_003  # the purpose for which a sample is drawn
CONTENT = "\0content"  # the column with the hash of each row; no header holds such a name
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container


@dataclass(frozen=True)
class Side:
    """Which rows are held out: a share by their place, and of each class the first and, if `left`, never the last."""

    seed: int
    share: float
    target: str
    classes: pl.DataFrame | None  # class, and its smallest and largest place
    left: bool = True  # whether a row of each class is to stay on the other side

    def holds(self, rows: pl.DataFrame) -> pl.Series:
        """One boolean a row."""
        place = _place(rows, self.seed)
        held = place < self.share
        if self.classes is None:
            return held
        name, low, high = (self.classes[column] for column in self.classes.columns)
        known = rows[self.target]
        first, last = (known.replace_strict(name, ends, return_dtype=pl.Float64) for ends in (low, high))
        held |= place == first
        return held & (place != last) if self.left else held


class Folder:
    """A temporary folder that is removed with the last of those that share it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="shards-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True)
class Shards:
    """All rows, or a side of a split: iterate over pandas tables, as often as needed."""

    folder: Folder
    settings: Settings
    rows: int  # of all machines
    own: int  # of this one, which it iterates over
    machines: Hosts
    held: tuple[Side, ...] = ()  # rows that are not of these
    drawn: list[pd.DataFrame] = field(default_factory=list, init=False, compare=False, repr=False)  # once

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return (frame(rows, self.settings.columns) for rows in self._stored())

    def split(self, settings: Settings, purpose: int) -> tuple["Shards", pd.DataFrame]:
        """Rows to learn from, and a table of rows to judge on: all that are held out, or about SAMPLE of them."""
        side = self._side(settings.data.seed + purpose, settings.data.holdout)
        own = sum(int(side.holds(rows).sum()) for rows in self._stored([side.target, CONTENT]))
        told = self.machines.every([own, self.own - own])
        _refuse_idle(self.machines, [left for _, left in told])
        counted = sum(held for held, _ in told)
        # A smaller share by the same places: what is judged in a larger snapshot was held out of the smaller one, too.
        judged = replace(side, share=side.share * min(1.0, SAMPLE / max(counted, 1)))
        learn = replace(self, rows=self.rows - counted, own=self.own - own, held=(*self.held, side))
        return learn, self._table(judged)

    def sample(self) -> pd.DataFrame:
        """All rows, or about SAMPLE of them with every class: the same every time, and on every machine."""
        if not self.drawn:
            side = self._side(self.settings.data.seed + SAMPLING, SAMPLE / max(self.rows, 1))
            self.drawn.append(self._table(replace(side, left=False)))
        return self.drawn[0]

    def mean(self, array: np.ndarray) -> np.ndarray:
        """The mean of what each machine found, weighted by its rows; every machine has to ask."""
        found = [np.asarray(values) * own for own, values in self.machines.every([self.own, array.tolist()])]
        return sum(found[1:], found[0]) / self.rows if len(found) > 1 else array

    def _stored(self, names: list[str] | None = None) -> Iterator[pl.DataFrame]:
        for path in sorted(self.folder.path.iterdir()):
            rows = pl.read_parquet(path, columns=names)
            for side in self.held:
                rows = rows.filter(~side.holds(rows))
            yield rows

    def _table(self, side: Side) -> pd.DataFrame:
        rows = pl.concat([rows.filter(side.holds(rows)) for rows in self._stored()])
        return frame(self._everyones(rows), self.settings.columns)

    def _everyones(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of all machines, one machine's after the other's."""
        if len(self.machines) == 1:
            return rows
        content = io.BytesIO()
        rows.write_ipc(content)
        return pl.concat([pl.read_ipc(io.BytesIO(each)) for each in self.machines.gather(content.getvalue())])

    def _side(self, seed: int, share: float) -> Side:
        target, classes = self.settings.problem.target, None
        if self.settings.problem.type == "classification":
            ends = [pl.col("place").min().alias("low"), pl.col("place").max().alias("high")]
            parts = (rows.with_columns(_place(rows, seed)) for rows in self._stored([target, CONTENT]))
            found = self._everyones(pl.concat([rows.group_by(target).agg(ends) for rows in parts]))
            classes = found.group_by(target).agg(pl.col("low").min(), pl.col("high").max())
        return Side(seed, share, target, classes)


def frame(rows: pl.DataFrame, columns: Iterable[Column]) -> pd.DataFrame:
    """Typed rows for estimators: NaN, NaT, and texts as objects."""
    return pd.DataFrame({column.name: _values(rows[column.name], column) for column in columns})


def _values(values: pl.Series, column: Column) -> np.ndarray:
    if TYPES[column.type] != pl.String:
        return values.to_numpy()
    texts = values.unique().drop_nulls()
    places = values.cast(pl.Enum(texts)).to_physical().fill_null(len(texts)).to_numpy()
    return np.array([*texts, np.nan], dtype=object)[places]  # each text once in memory, however often it occurs


def collect(batches: Iterable[pl.DataFrame], settings: Settings) -> pd.DataFrame | Shards:
    """Typed rows in memory, or on disk as soon as they are too many for it."""
    remaining, kept, rows = iter(batches), [], 0
    for batch in remaining:
        kept.append(batch)
        rows += len(batch)
        if needed(rows, settings) > budget(settings):
            return _store(itertools.chain(_handed_over(kept), remaining), settings, Hosts())
    return frame(pl.concat(kept), settings.columns)


def share(batches: Iterable[pl.DataFrame], settings: Settings, machines: Hosts) -> Shards:
    """This machine's share of the rows: those of its files or, where each has all the files, every n-th one."""
    if hosts.sharded():
        return _store(batches, settings, machines)
    parts = (batch.gather_every(len(machines), machines.rank) for batch in batches)
    return _store(parts, settings, machines)


def _refuse_idle(machines: Hosts, rows: list[int]) -> None:
    """A machine that has nothing to learn from would keep the others waiting."""
    for name, own in zip(machines.names, rows, strict=True):
        if not own:
            raise DataError(f"{name}: no row to learn from came to it; deliver larger files, or rent fewer machines.")


def _handed_over(kept: list[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """One after the other, none of them kept any longer."""
    kept.reverse()
    while kept:
        yield kept.pop()


def _store(batches: Iterable[pl.DataFrame], settings: Settings, machines: Hosts) -> Shards:
    folder, rows = Folder(), 0
    waiting: list[pl.DataFrame] = []
    for batch in itertools.chain(batches, [None]):
        waiting += [] if batch is None else [batch]
        if waiting and (batch is None or sum(map(len, waiting)) >= ROWS):
            shard = pl.concat(waiting, rechunk=True)
            content = pl.Series(CONTENT, contents(frame(shard, settings.columns), settings.data.group))
            shard.with_columns(content).write_parquet(folder.path / f"{rows:015}.parquet", compression="lz4")
            rows += len(shard)
            waiting.clear()
    return Shards(folder, settings, sum(machines.every(rows)), rows, machines)


def _place(rows: pl.DataFrame, seed: int) -> pl.Series:
    return pl.Series("place", places(rows[CONTENT].to_numpy(), seed))


def needed(rows: int, settings: Settings) -> int:
    """Bytes that so many rows take while a model is fitted in memory."""
    return rows * len(settings.columns) * BYTES


def budget(settings: Settings) -> float:
    """Bytes that rows may take on this machine."""
    if settings.data.memory_gb is not None:
        return settings.data.memory_gb * 1e9
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [
        int(text) for path in LIMITS if Path(path).is_file() and (text := Path(path).read_text().strip()).isdigit()
    ]
    return SHARE * min([machine, *limits])


def told(learn: pd.DataFrame | Shards, settings: Settings) -> str:
    """How rows are learned from and why, as one line of the log."""
    need, limit = needed(len(learn), settings) / 1e9, budget(settings) / 1e9
    size = f"{len(learn):,} rows to learn from × {len(settings.columns)} columns"
    if isinstance(learn, Shards) and len(learn.machines) > 1:
        return f"{size}: {learn.own:,} of them on {learn.machines.current}, one of {len(learn.machines)} machines"
    if isinstance(learn, Shards):
        return f"{size}: with the hold-out more than fits into {limit:.3g} GB, so batch by batch from disk"
    return f"{size}: about {need:.2g} GB of {limit:.3g} GB, so in memory"
