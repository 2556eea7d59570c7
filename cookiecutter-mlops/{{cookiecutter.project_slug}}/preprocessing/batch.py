"""A batch of raw files becomes Parquet shards; what cannot be read is told file by file, and the rest goes on.

What a use case makes of one file is in preprocessing/read.py:

    TOGETHER                    files in a batch at most: what one core does at a time, and again if its process dies
    ROWS                        rows in a shard: a core never has more of them in memory
    read(name, source, labels)  -> polars tables with the same columns, and a DataError for each part that is wrong;
                                   it raises a DataError where the rest of the file cannot be read

`name` is the file's path below the folder `source`; the folder `labels` holds what is known of files, or is not there.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from preprocessing import read as use_case
from training.cells import DataError
from training.contract import base

Read = Callable[[str, Path, Path], Iterator[pl.DataFrame | DataError]]
MOST = 100  # sentences about one file
LEAST = 32  # batches of a folder, where it has as many files
HIDDEN = ("_", ".")  # how a name begins that is no data


@dataclass(frozen=True)
class Folders:
    """Where the files are, what is known of them, and where shards go."""

    source: Path
    labels: Path
    target: Path

    @classmethod
    def of_job(cls) -> "Folders":
        """Those of a processing job on the machine that asks."""
        place = base() / "processing"
        return cls(place / "input/items", place / "input/labels", place / "output")


@dataclass
class Shards:
    """Rows on their way to Parquet files, whose names come from the batch: done again, they replace themselves."""

    folder: Path
    stem: str
    most: int
    sums: dict[str, str] = field(default_factory=dict)  # sha256 by name
    waiting: list[pl.DataFrame] = field(default_factory=list)

    def add(self, rows: pl.DataFrame) -> None:
        for part in rows.iter_slices(self.most):
            if sum(map(len, self.waiting)) + len(part) > self.most:
                self.flush()
            self.waiting.append(part)

    def flush(self) -> None:
        """Write what waits; a process that dies meanwhile leaves no half of a shard."""
        if self.waiting:
            name = f"{self.stem}-{len(self.sums):05}.parquet"
            half = self.folder / f"_{name}"
            pl.concat(self.waiting).write_parquet(half)
            self.waiting.clear()
            with half.open("rb") as content:
                self.sums[name] = hashlib.file_digest(content, "sha256").hexdigest()
            half.rename(self.folder / name)


def batches(source: Path, together: int = use_case.TOGETHER) -> list[list[str]]:
    """The files of a folder, by their paths in it, as batches: the same for the same files, enough for all cores."""
    paths = (path.relative_to(source) for path in source.rglob("*") if path.is_file())
    names = sorted(path.as_posix() for path in paths if not any(part.startswith(HIDDEN) for part in path.parts))
    size = max(1, min(together, len(names) // LEAST))
    return [names[first : first + size] for first in range(0, len(names), size)]


def prepare(
    names: list[str], folders: Folders, read: Read = use_case.read, most: int = use_case.ROWS
) -> dict[str, Any]:
    """Write the rows of a batch; what became of each file (`items`), and the sum of each shard (`shards`)."""
    folders.target.mkdir(parents=True, exist_ok=True)
    shards = Shards(folders.target, f"part-{hashlib.sha256('/'.join(names).encode()).hexdigest()[:16]}", most)
    items = [_item(name, folders, read, shards) for name in names]
    shards.flush()
    return {"items": items, "shards": shards.sums}


def _item(name: str, folders: Folders, read: Read, shards: Shards) -> dict[str, Any]:
    rows, problems = 0, []
    try:
        for part in read(name, folders.source, folders.labels):
            if isinstance(part, DataError):
                problems.append(str(part))
            else:
                shards.add(part)
                rows += len(part)
    except DataError as error:
        problems.append(str(error))
    if not rows and not problems:
        problems.append(f"{name}: there is no row in it.")
    more = [f"and {len(problems) - MOST:,} more"] if len(problems) > MOST else []
    return {"item": name, "rows": rows, "problems": [*problems[:MOST], *more]}
