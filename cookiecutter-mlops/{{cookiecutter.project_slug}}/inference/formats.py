"""Bodies of requests and answers: JSON, NDJSON and CSV, as users of SageMaker send them.

    application/json        {"instances": [{…}, …]}, "records" or "dataframe_records" in its place, or the plain list
                            {"split": {"columns": […], "data": [[…], …]}}, "dataframe_split", or what is in it
    application/x-ndjson    one instance a line; application/jsonlines is the same
    text/csv                with a header, or the values of all fields in the order of project.toml

An instance is an object, or the list of its values in that order. Of a key that occurs twice the last one counts.
What else an object has is for servers that ask for more (functions/invoke/shape.py), and is passed over here.
"""

import csv
import io
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from inference.rows import Unread

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
LISTS = frozenset({"instances", "records", "dataframe_records"})
TABLES = frozenset({"split", "dataframe_split"})
NAMES = LISTS | TABLES
EXAMPLE = '{"instances": [{"field": "value"}]}'
NO_JSON = re.compile(rb"(?<![\w\"])-?(NaN|Infinity)\b")


Reader = Callable[[bytes], Any]  # from a body to a list of instances


class Refused(Exception):
    """A request that gets no answer: the HTTP status and the sentence that says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def instances(read: Reader, body: bytes) -> list[Any]:
    """What `read` finds in a body: a list with at least one entry."""
    found = read(body)
    if not isinstance(found, list) or not found:
        raise Refused(422, f"instances must be a list with at least one entry: {EXAMPLE}.")
    return found


@lru_cache(maxsize=8)
def readers(fields: tuple[str, ...]) -> dict[str, Reader]:
    """By content type, how a body is read; `fields` are those that a line of CSV without a header has."""
    ndjson = dict.fromkeys((NDJSON, "application/ndjson", "application/jsonlines", "application/x-jsonlines"), _lines)
    return {JSON: _json, **ndjson, CSV: lambda body: _csv(body, frozenset(fields))}


@lru_cache(maxsize=64)
def content_type(header: str) -> str:
    """The name in a Content-Type header, without its parameters."""
    return header.partition(";")[0].strip().lower()


def write(answer: dict[str, Any], kind: str) -> bytes:
    """An answer, whose lists have an entry for each instance, as one of the three types."""
    if kind == JSON:
        return msgspec.json.encode(answer)
    predictions, *others = answer.values()
    if kind == CSV:
        return _as_csv(zip(predictions, *others, strict=True))
    names = ["prediction", *list(answer)[1:]]
    rows = zip(*answer.values(), strict=True)
    return b"".join(msgspec.json.encode(dict(zip(names, row, strict=True))) + b"\n" for row in rows)


def answer(body: bytes, kind: str) -> dict[str, Any]:
    """What `write` wrote, as far as predictions go: monitoring reads captured answers with this."""
    if kind == JSON:
        return msgspec.json.decode(body)
    if kind == CSV:
        return {"predictions": [_value(line[0]) for line in _csv_lines(body)]}
    return {"predictions": [line["prediction"] for line in _lines(body)]}


def _value(cell: str) -> Any:
    """A number or a boolean where it is one; CSV has no types."""
    try:
        return msgspec.json.decode(cell)
    except msgspec.DecodeError:
        return cell


@lru_cache(maxsize=64)
def accepted(header: str, others: tuple[str, ...] = ()) -> str:
    """The type that an Accept header asks for, one of this module's or of `others`; JSON where it is open."""
    wanted = [content_type(part) for part in header.split(",") if part.strip()] or ["*/*"]
    for kind in wanted:
        if kind in ("*/*", "application/*"):
            return JSON
        if kind == "text/*":
            return CSV
        if kind in readers(()) or kind in others:
            return kind
    known = ", ".join((JSON, NDJSON, CSV, *others))
    raise Refused(406, f"Accept must be one of {known}, not {header[:80]!r}.")


def _json(body: bytes) -> Any:
    content = _decoded(body, msgspec.json.decode)
    if isinstance(content, dict):
        if content.keys() >= {"columns", "data"}:
            return _table(content)
        names = content.keys() & NAMES
        if len(names) == 1:
            (name,) = names
            return content[name] if name in LISTS else _table(content[name])
        raise Refused(422, f"The body must be an object with the field instances: {EXAMPLE}.")
    return content


def _table(content: Any) -> list[dict[str, Any]]:
    """{"columns": [names], "data": [[values], …]}, as pandas writes `split`."""
    names, data = (content.get(name) if isinstance(content, dict) else None for name in ("columns", "data"))
    if not (isinstance(names, list) and isinstance(data, list) and all(isinstance(name, str) for name in names)):
        raise Refused(422, 'A table must have names and values: {"columns": ["age"], "data": [[40]]}.')
    if len(set(names)) < len(names):
        raise Refused(422, "columns must name each field once.")
    for number, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(names):
            raise Refused(422, f"instances[{number}]: data must hold a list of {len(names)} values for it.")
    return [dict(zip(names, row, strict=True)) for row in data]


def _lines(body: bytes) -> list[Any]:
    found: list[Any] = []
    problems = []
    for number, line in enumerate(body.splitlines(), 1):
        try:
            if line.strip():
                found.append(_decoded(line, msgspec.json.decode, f"Line {number}"))
        except Refused as problem:
            problems.append(problem)
            found.append(Unread(problem))
    if problems and len(problems) == len(found):
        raise problems[0]
    return found


def _decoded(body: bytes, decode: Callable[[bytes], Any], what: str = "The body") -> Any:
    try:
        return decode(body.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError as error:
        raise Refused(400, f"{what} must be UTF-8; byte {error.start} of a text is not.") from None
    except RecursionError:
        raise Refused(400, f"{what} is not JSON that can be read: it is nested too deeply.") from None
    except (msgspec.DecodeError, ValueError) as error:
        hint = " NaN and Infinity are no JSON values, use null." if NO_JSON.search(body) else ""
        raise Refused(400, f"{what} is not JSON: {str(error)[:200]}.{hint}") from None


def _csv(body: bytes, fields: frozenset[str]) -> list[Any]:
    lines = _csv_lines(body)
    if not lines or (fields and not fields & set(lines[0])):
        return lines  # no header: each line is the list of its values
    header = lines[0]
    if len(set(header)) < len(header):
        raise Refused(400, f"The CSV header must name each field once, not {str(header)[:200]}.")
    for number, line in enumerate(lines, start=1):
        if len(line) != len(header):
            raise Refused(400, f"CSV line {number} has {len(line)} values, the header has {len(header)}.")
    return [dict(zip(header, line, strict=True)) for line in lines[1:]]


def _csv_lines(body: bytes) -> list[list[str]]:
    try:
        return [line for line in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True) if line]
    except UnicodeDecodeError as error:
        raise Refused(400, f"The body must be UTF-8; byte {error.start} is not.") from None
    except csv.Error as error:
        raise Refused(400, f"The body is not CSV: {error}.") from None


def _as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _as_csv(rows: Any) -> bytes:
    """A line an instance, without a header: the prediction, then what an object beside it holds.

    What is neither text nor number is written as JSON.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for prediction, *others in rows:
        cells = [prediction]
        for value in others:
            cells += value.values() if isinstance(value, dict) else [value]
        writer.writerow([_as_json(cell) if isinstance(cell, bool | dict | list) else cell for cell in cells])
    return text.getvalue().encode()
