"""Read tables (csv, xlsx, parquet) and hold them to the rules of project.toml.

    python -m training.data FILE    # says in one sentence what is wrong with the file, or how many rows are right

The rules themselves are in training/rules.py, where requests meet them too.
"""

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from training.rules import DataError, typed
from training.settings import Column, Settings, UserError, load_settings

MANIFEST = "manifest.json"  # what makes a folder a data snapshot: its version and the sums of its files
SMALLEST_CLASS = 5  # a class needs a few rows on both sides of the hold-out


def load_table(source: Path, settings: Settings) -> pd.DataFrame:
    """Every row of a file, or of a folder of files, with the types of project.toml and a known target."""
    parts = [_typed_file(path, settings) for path in data_files(source)]
    table = pd.concat(parts, ignore_index=True)
    rows, minimum = len(table), settings.gate.minimum_rows
    if rows < minimum:
        raise DataError(f"{source.name}: {rows} rows are too few, [gate] minimum_rows asks for {minimum}.")
    if settings.problem.type == "classification":
        _check_classes(table[settings.problem.target], source)
    return table


def split(table: pd.DataFrame, settings: Settings, purpose: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to learn from and rows to judge on, drawn by their content, the seed and a purpose (a second split).

    A row stays on its side in every later snapshot: the live model has never learned what its successor is judged on.
    """
    content = pd.util.hash_pandas_object(table, index=False).to_numpy()
    place = pd.Series(pd.util.hash_array(content + np.uint64(settings.data.seed + purpose)) / 2**64, table.index)
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
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in data_files(source)))
    return f"local-{digest.hexdigest()[:8]}"


def data_files(source: Path) -> list[Path]:
    """The tables at a path; those of a snapshot must be the ones that its manifest lists."""
    if not source.exists():
        raise DataError(f"{source}: there is no such file; give a {', '.join(READERS)} file.")
    if source.is_file():
        return [source]
    if (source / MANIFEST).is_file():
        return [_verified(source, entry) for entry in json.loads((source / MANIFEST).read_text())["files"]]
    files = sorted(path for path in source.iterdir() if path.suffix.lower() in READERS)
    if not files:
        raise DataError(f"{source}: the folder holds no {', '.join(READERS)} file.")
    return files


def _verified(snapshot: Path, entry: dict) -> Path:
    path = snapshot / Path(entry["name"]).name  # a manifest cannot point out of its folder
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
        raise DataError(f"{path.name}: missing from the snapshot or changed since its manifest was written.")
    return path


def _typed_file(path: Path, settings: Settings) -> pd.DataFrame:
    table = read_table(path)
    for column in settings.columns:
        if column.name not in table:
            raise DataError(f"{path.name}: there is no column {column.name!r}; it has {', '.join(map(str, table))}.")
    # Row 1 of a spreadsheet is its header, so that the first values stand in row 2.
    table = typed(table, settings.columns, lambda row: f"{path.name}, row {row + 2}")
    for column in settings.columns:
        _check_missing(table[column.name], column, path)
    return table.dropna(subset=[settings.problem.target])  # a row without the answer teaches nothing


def _check_missing(values: pd.Series, column: Column, path: Path) -> None:
    share = values.isna().mean()
    if share == 1:
        raise DataError(f"{path.name}: column {column.name!r} is empty, every value is missing.")
    if share > column.missing:
        first = values.isna().to_numpy().argmax() + 2
        raise DataError(
            f"{path.name}: column {column.name!r} may miss at most {column.missing:.0%} of its values, "
            f"but misses {share:.1%} (first in row {first})."
        )


def _check_classes(target: pd.Series, source: Path) -> None:
    counts = target.value_counts()
    if len(counts) < 2:
        raise DataError(f"{source.name}: column {target.name!r} has one class, two are needed.")
    if counts.min() < SMALLEST_CLASS:
        raise DataError(
            f"{source.name}: class {counts.idxmin()!r} of column {target.name!r} has {counts.min()} rows, "
            f"each class needs at least {SMALLEST_CLASS}."
        )


# Reading: every cell as it stands in the file; types come from project.toml and not from a guess.


def read_table(path: Path) -> pd.DataFrame:
    """The first table of a file, untyped, under unique column names."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path.name}: files of this kind are not read; give a {', '.join(READERS)} file.")
    try:
        table = reader(path)
    except DataError:
        raise
    except Exception as error:  # each library has its own exceptions for a broken file
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{path.name}: cannot be read as {path.suffix[1:]}: {reason}") from None
    if table.empty:
        raise DataError(f"{path.name}: the table is empty; a header row and rows of values are needed.")
    return table


def _read_csv(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig") as lines:
        header = lines.readline()
    if not header.strip():
        return pd.DataFrame()
    separator = max(",;\t", key=header.count)  # a Spanish Excel writes semicolons
    return _with_header(
        pd.read_csv(path, header=None, dtype=str, sep=separator, keep_default_na=False, encoding="utf-8-sig"), path
    )


def _read_excel(path: Path) -> pd.DataFrame:
    return _with_header(pd.read_excel(path, header=None, engine="calamine", keep_default_na=False), path)


def _with_header(cells: pd.DataFrame, path: Path) -> pd.DataFrame:
    """pandas would rename a second `age` to `age.1` in silence, so the header is read here."""
    if cells.empty:
        return cells
    names = [str(name).strip() for name in cells.iloc[0]]
    for name in names:
        if name and names.count(name) > 1:
            raise DataError(f"{path.name}: column {name!r} occurs {names.count(name)} times, names must be unique.")
    return cells.iloc[1:].set_axis(names, axis=1).reset_index(drop=True)


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".xlsx": _read_excel,
    ".parquet": pd.read_parquet,
}


if __name__ == "__main__":
    try:
        rows = len(load_table(Path(sys.argv[1]), load_settings()))
    except UserError as problem:
        sys.exit(str(problem))
    sys.stdout.write(f"{rows} rows obey project.toml\n")
