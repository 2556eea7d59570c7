"""Read a team's table as it stands in the file: every cell untyped, under the names of its header.

Generated projects read files the same way (`training/data.py`), so what becomes a project also becomes a snapshot.
"""

import codecs
import io
from pathlib import Path
from typing import TYPE_CHECKING

from cookiecutter_mlops.errors import MlopsError

if TYPE_CHECKING:
    import pandas

KINDS = ".csv, .tsv, .ndjson, .jsonl, .xlsx or .parquet"
DECIMAL = "decimal"  # among a table's attrs: the mark in its numbers, where that is a comma
COMMA = r"[+-]?[\d.]*,\d+"
POINT = r"[+-]?\d*\.(?!\d{3}$)\d+"  # 1.500 may be 1500
LOOK = 10_000  # rows


def read(file: Path) -> "pandas.DataFrame":
    """Return the first table of a file, its `attrs` with DECIMAL; raise MlopsError if there is none."""
    _need_pandas()
    reader = READERS.get(file.suffix.lower())
    if not file.is_file():
        raise MlopsError(f"{file}: there is no such file; give a {KINDS} file.")
    if not reader:
        raise MlopsError(f"{file.name}: files of this kind are not read; give a {KINDS} file.")
    try:
        table = reader(file)
    except Exception as error:  # each library has its own exceptions for a broken file
        raise MlopsError(f"{file.name}: cannot be read as {file.suffix[1:]}: {str(error).splitlines()[0]}") from error
    return _checked(table, file)


def _need_pandas() -> None:
    try:
        import pandas  # noqa: F401
        import python_calamine  # noqa: F401
    except ModuleNotFoundError as error:
        raise MlopsError(f"--data needs {error.name}; install it: pip install 'cookiecutter-mlops[data]'") from error


def _read_csv(file: Path) -> "pandas.DataFrame":
    import pandas

    text = _text(file)
    header = text.partition("\n")[0]
    if not header.strip():
        return pandas.DataFrame()
    separator = max(",;\t", key=header.count)  # a Spanish Excel writes semicolons
    table = _with_header(
        pandas.read_csv(io.StringIO(text), header=None, dtype=str, sep=separator, keep_default_na=False)
    )
    if separator != "," and _has_decimal_commas(table.head(LOOK)):  # between commas, 1,234 may be a thousand
        table.attrs[DECIMAL] = ","
    return table


def _text(file: Path) -> str:
    content = file.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")  # Excel's "Unicode text"
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row, byte = error.object[: error.start].count(b"\n") + 1, error.object[error.start]
        raise ValueError(f"the byte 0x{byte:02x} in row {row} is not UTF-8; save the file as `CSV UTF-8`") from error


def _has_decimal_commas(table: "pandas.DataFrame") -> bool:
    commas, points = (sum(cells.str.fullmatch(mark).sum() for _, cells in table.items()) for mark in (COMMA, POINT))
    return bool(commas > points)


def _read_ndjson(file: Path) -> "pandas.DataFrame":
    import pandas

    return pandas.read_json(io.StringIO(_text(file)), lines=True, dtype=False, convert_dates=False)


def _read_excel(file: Path) -> "pandas.DataFrame":
    import pandas

    return _with_header(pandas.read_excel(file, header=None, engine="calamine", keep_default_na=False))


def _read_parquet(file: Path) -> "pandas.DataFrame":
    import pandas

    return pandas.read_parquet(file)


READERS = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".ndjson": _read_ndjson,
    ".jsonl": _read_ndjson,
    ".xlsx": _read_excel,
    ".parquet": _read_parquet,
}


def _with_header(cells: "pandas.DataFrame") -> "pandas.DataFrame":
    # pandas would rename a second `age` to `age.1` in silence, so the header is read here.
    if cells.empty:
        return cells
    names = [str(name).strip() for name in cells.iloc[0]]
    return cells.iloc[1:].set_axis(names, axis=1).reset_index(drop=True)


def _checked(table: "pandas.DataFrame", file: Path) -> "pandas.DataFrame":
    if table.empty:
        raise MlopsError(f"{file.name}: the table is empty; a header row and rows of values are needed.")
    names = [str(name) for name in table.columns]
    for position, name in enumerate(names, start=1):
        if not name:
            raise MlopsError(
                f"{file.name}: column {position} has no name; give it one in the first row, such as 'age'."
            )
        if names.count(name) > 1:
            raise MlopsError(f"{file.name}: column {name!r} occurs {names.count(name)} times, names must be unique.")
    return table.set_axis(names, axis=1)
