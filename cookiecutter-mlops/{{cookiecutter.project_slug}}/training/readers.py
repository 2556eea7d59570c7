"""Files become batches of rows: every cell as it stands in the file, in bounded memory. Types come from project.toml.

Text (CSV, TSV, NDJSON, also gzipped) comes in blocks (training/blocks.py), which polars reads on all cores; Parquet is
read by row groups. The first sheet of a workbook is in memory as a whole, and Excel ends at 1,048,576 rows.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import fastexcel
import polars as pl

from training.blocks import RowError, text_blocks
from training.cells import DataError
from training.files import KINDS, kind

SHEET_ROWS = 100_000  # rows of a sheet or a Parquet file in a batch
BLANK = (b"\n\n", b"\n\r", b"\n ", b"\n\t")  # how an empty line may begin
LINES = 1000  # of NDJSON, in which every column must occur


@dataclass(frozen=True)
class Table:
    """A file that was opened: its columns, the number of its first row, and its rows as blocks to be parsed."""

    path: Path
    names: list[str]
    first: int
    parts: Iterator[Any]
    parse: Callable[[Any, list[str]], pl.DataFrame]

    def blocks(self) -> Iterator[Any]:
        """Parts of the file; what is wrong with it may show in the middle."""
        with readable(self.path):
            yield from self.parts

    def rows(self, block: Any, wanted: list[str]) -> pl.DataFrame:
        """The wanted columns of a block, untyped."""
        with readable(self.path):
            return self.parse(block, wanted)


def open_table(path: Path) -> Table:
    """The first table of a file; a DataError where it has no header, no rows or a name twice."""
    if not kind(path):
        raise DataError(f"{path.name}: files of this kind are not read; give a {KINDS} file.")
    with readable(path):
        try:
            return READERS[kind(path)](path)
        except RowError as error:
            raise DataError(f"{path.name}, row {error.row + 1}: {error}") from None


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Each library has its own exceptions for a broken file: they become one sentence."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{path.name}: cannot be read as {kind(path)[1:]}: {reason}") from None


def refuse_empty(path: Path) -> NoReturn:
    """End with the sentence for a table without a header or without rows."""
    raise DataError(f"{path.name}: the table is empty; a header row and rows of values are needed.")


def _unique(names: list[str], path: Path) -> list[str]:
    """The names without blanks around them; one that occurs twice would be read as the wrong column in silence."""
    stripped = [name.strip() for name in names]
    for name in stripped:
        if name and stripped.count(name) > 1:
            raise DataError(f"{path.name}: column {name!r} occurs {stripped.count(name)} times, names must be unique.")
    return [name or f"(column {place})" for place, name in enumerate(stripped, start=1)]


# CSV and TSV


def _open_delimited(path: Path) -> Table:
    blocks = text_blocks(path, quotes=True)
    block = next(blocks, b"")
    line = _first_record(block)
    separator = "\t" if kind(path) == ".tsv" else max(",;\t", key=line.count)  # a Spanish Excel writes semicolons
    header = next(csv.reader(io.StringIO(line), delimiter=separator), [])
    if not any(header):
        refuse_empty(path)
    names = _unique(header, path)

    def parse(block: bytes, wanted: list[str]) -> pl.DataFrame:
        return _parse_delimited(block, names, wanted, separator)

    return Table(path, names, 2, _rest(block[len(line.encode()) :], blocks), parse)


def _rest(block: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    if block.strip():
        yield block
    yield from blocks


def _first_record(block: bytes) -> str:
    """The header as it stands, with the end of its line; a name in quotes may hold one."""
    end = block.find(b"\n")
    while end >= 0 and block[:end].count(b'"') % 2:
        end = block.find(b"\n", end + 1)
    head = block if end < 0 else block[: end + 1]
    try:
        return head.decode()
    except UnicodeDecodeError as error:
        raise RowError(0, _not_utf8(error)) from None


def _parse_delimited(block: bytes, names: list[str], wanted: list[str], separator: str) -> pl.DataFrame:
    texts = dict.fromkeys(names, pl.String)
    places = sorted({names.index(name) for name in [*wanted, names[-1]]})
    try:
        rows = pl.read_csv(block, has_header=False, schema=texts, columns=places, separator=separator)
    except pl.exceptions.PolarsError:
        _explain_delimited(block, len(names), separator)
        raise
    # A row that is cut short is filled up in silence: its last column is empty, and separators are missing.
    if rows[names[-1]].null_count() and block.count(separator.encode()) != len(rows) * (len(names) - 1):
        _explain_delimited(block, len(names), separator)
    return rows.select(wanted)


def _explain_delimited(block: bytes, fields: int, separator: str) -> None:
    """Find the row that is not like the header, by a reader that is slow and exact."""
    try:
        text = block.decode()
    except UnicodeDecodeError as error:
        raise RowError(block[: error.start].count(b"\n"), _not_utf8(error)) from None
    for row, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator)):
        if cells and len(cells) != fields:
            raise RowError(
                row, f"{len(cells)} fields, but the header has {fields}; quote a text that holds {separator!r}."
            )


def _not_utf8(error: UnicodeDecodeError) -> str:
    return f"the byte 0x{error.object[error.start]:02x} is not UTF-8; save the file as `CSV UTF-8`."


# NDJSON: a JSON object a line


def _open_ndjson(path: Path) -> Table:
    blocks = text_blocks(path, quotes=False)
    block = b""
    while not block.strip():
        block += next(blocks, None) or refuse_empty(path)
    names: dict[str, None] = {}
    for row, line in enumerate(block.split(b"\n", LINES)[:LINES]):
        names |= dict.fromkeys(_object(line, row) if line.strip() else ())
    return Table(path, list(names), 1, _rest(block, blocks), _parse_ndjson)


def _parse_ndjson(block: bytes, wanted: list[str]) -> pl.DataFrame:
    # A line without an object counts, so that the number of the next ones is right; first a look that costs little.
    if any(mark in block for mark in BLANK) or block[:1].isspace():
        block = re.sub(rb"(?m)^[ \t\r]*$(?=\n)", b"{}", block)
    try:
        rows = pl.read_ndjson(block, schema=dict.fromkeys(wanted, pl.String))
    except pl.exceptions.PolarsError:
        for row, line in enumerate(block.splitlines()):
            _object(line, row)
        raise
    return _with_escapes(rows, block) if b"\\" in block else rows


def _with_escapes(rows: pl.DataFrame, block: bytes) -> pl.DataFrame:
    """The rows with objects and lists that are JSON again: polars leaves out the escapes of their texts."""
    nested = [name for name in rows.columns if rows[name].str.contains(r"^[\[{]").any()]
    cells = {name: rows[name].to_list() for name in nested}
    for row, line in enumerate(block.split(b"\n")[: rows.height] if nested else ()):
        found = _object(line, row) if b"\\" in line else {}
        for name in nested:
            if isinstance(found.get(name), dict | list):
                text = json.dumps(found[name], ensure_ascii=False)
                cells[name][row] = text.encode(errors="replace").decode()  # half of a surrogate pair is no UTF-8
    return rows.with_columns(pl.Series(name, texts, pl.String) for name, texts in cells.items())


def _object(line: bytes, row: int) -> dict[str, Any]:
    def refuse(name: str) -> NoReturn:
        raise ValueError(f"{name} is no JSON value, write null")

    try:
        found = json.loads(line, parse_constant=refuse)
    except ValueError as error:
        raise RowError(row, f"not a line of JSON: {error}.") from None
    if not isinstance(found, dict):
        raise RowError(row, f'each line must be an object such as {{"age": 41}}, not {str(found)[:40]!r}.')
    return found


# Parquet and Excel


def _open_parquet(path: Path) -> Table:
    rows = pl.scan_parquet(path)
    names = _unique(rows.collect_schema().names(), path)
    if not rows.select(pl.len()).collect().item():
        refuse_empty(path)
    return Table(path, names, 1, rows.collect_batches(chunk_size=SHEET_ROWS, lazy=True), _select)


def _open_excel(path: Path) -> Table:
    """Every cell as text: a column of a sheet may mix numbers, dates and words."""
    sheet = fastexcel.read_excel(path).load_sheet(0, header_row=None, skip_rows=0, dtypes="string")
    cells = sheet.to_polars()
    filled = cells.select(pl.any_horizontal(pl.all().is_not_null())).to_series() if cells.width else pl.Series([False])
    if not filled.any():
        refuse_empty(path)
    header = int(filled.arg_max() or 0)
    names = _unique([str(name or "") for name in cells.row(header)], path)
    rows = cells.slice(header + 1).rename(dict(zip(cells.columns, names, strict=True)))
    return Table(path, names, header + 2, rows.iter_slices(SHEET_ROWS), _select)


def _select(rows: pl.DataFrame, wanted: list[str]) -> pl.DataFrame:
    return rows.select(wanted)


READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": _open_delimited,
    ".tsv": _open_delimited,
    ".ndjson": _open_ndjson,
    ".jsonl": _open_ndjson,
    ".parquet": _open_parquet,
    ".xlsx": _open_excel,
}
