"""What one value of a column means, by the rules of project.toml: how a request is read, without pandas.

training/rules.py holds whole tables to the same rules; tests/test_cells.py proves that both read every value alike.
"""

import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from training.settings import Column, UserError

MISSING = {"", "na", "n/a", "nan", "null", "none"}
BOOLEANS = dict.fromkeys(("true", "yes", "y", "t", "1"), 1.0) | dict.fromkeys(("false", "no", "n", "f", "0"), 0.0)
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# ISO 8601: a day, perhaps a time with at most nine decimals, perhaps its distance from UTC. No words such as "today".
DATE = re.compile(
    r"([0-9]{4})([-/]?)([0-9]{2})\2([0-9]{2})"
    r"(?:[T ]([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
EPOCH = date(1970, 1, 1).toordinal()
DAY = 86_400 * 10**9  # nanoseconds, in which a date is counted from 1970
FIRST, LAST = -106_751 * DAY, 106_751 * DAY  # what 64 bits of them hold: the years 1677 to 2262

JOINT = "|"  # between several labels, whatever stood between them in the file

Reader = Callable[[Any], Any]


class DataError(UserError):
    """The data breaks a rule: the sentence names file, column, rule and the value seen."""


class Wrong(Exception):
    """A value breaks the rule of its column."""


def reader(column: Column) -> Reader:
    """A function from a value to what the model takes (NaN or None where it is missing), which raises Wrong.

    Numbers and booleans become floats, categories texts, dates nanoseconds since 1970 in UTC. A text may be any word
    ("none" is an answer); labels are sorted, each once.
    """
    return _READERS[column.type](column)


def text_of(cell: object) -> str:
    """One text for a value, whether it came from csv, Excel, parquet or JSON: 3.0 is the category 3."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53 else str(cell).strip()


def broken(column: Column, value: object) -> str:
    """The sentence for a value that breaks the rule of its column."""
    return f"{column.name} must be {rule(column)}, not {str(value)[:80]!r}."


def rule(column: Column) -> str:
    """What a value of the column must be, as the end of a sentence."""
    if column.type == "boolean":
        return "true or false"
    if column.categories:
        some = f", or some of them with {column.separator!r} between" if column.type == "labels" else ""
        return f"one of {', '.join(column.categories)}{some}"
    words = {"number": "a number", "date": "a date such as 2024-05-31"}.get(column.type, "a text")
    low = f" from {column.minimum}" if column.minimum is not None else ""
    high = f" to {column.maximum}" if column.maximum is not None else ""
    return words + low + high


def _number(column: Column) -> Reader:
    low = -math.inf if column.minimum is None else float(column.minimum)
    high = math.inf if column.maximum is None else float(column.maximum)

    def read(cell: Any) -> float:
        kind = type(cell)
        if kind is not float and kind is not int:
            if cell is None or (text := text_of(cell)).lower() in MISSING:
                return math.nan
            if kind is bool or not NUMBER.fullmatch(text):
                raise Wrong
            cell = text
        try:
            value = float(cell)
        except OverflowError:  # an integer of more than 308 digits
            raise Wrong from None
        if low <= value <= high and abs(value) != math.inf:
            return value
        if value != value:
            return value
        raise Wrong

    return read


def _boolean(column: Column) -> Reader:
    def read(cell: Any) -> float:
        if cell is True or cell is False:
            return float(cell)
        if cell is None:
            return math.nan
        text = text_of(cell).lower()
        if text in BOOLEANS:
            return BOOLEANS[text]
        if text in MISSING:
            return math.nan
        raise Wrong

    return read


def _category(column: Column) -> Reader:
    allowed = frozenset(column.categories)

    def read(cell: Any) -> str | None:
        if cell is None:
            return None
        if isinstance(cell, dict | list):  # anything has a text, but this is more than one value
            raise Wrong
        text = cell.strip() if type(cell) is str else text_of(cell)
        if text in allowed:
            return text
        if text.lower() in MISSING:
            return None
        if allowed:
            raise Wrong
        return text

    return read


def _text(column: Column) -> Reader:
    def read(cell: Any) -> str | None:
        if cell is None or cell != cell:
            return None
        if isinstance(cell, dict | list):
            raise Wrong
        return text_of(cell) or None

    return read


def _labels(column: Column) -> Reader:
    allowed = frozenset(column.categories)

    def read(cell: Any) -> str | None:
        if cell is None or cell != cell:
            return None
        if isinstance(cell, dict | list):
            raise Wrong
        found = {part.strip() for part in text_of(cell).split(column.separator)} - {""}
        if (allowed and not found <= allowed) or any(JOINT in label for label in found):
            raise Wrong
        return JOINT.join(sorted(found)) or None

    return read


def _date(column: Column) -> Reader:
    low = FIRST if column.minimum is None else nanoseconds(str(column.minimum))
    high = LAST if column.maximum is None else nanoseconds(str(column.maximum))

    def read(cell: Any) -> int | None:
        if cell is None:
            return None
        text = cell.strip() if type(cell) is str else text_of(cell)
        try:
            value = nanoseconds(text)
        except Wrong:
            if text.lower() in MISSING:
                return None
            raise
        if low <= value <= high:
            return value
        raise Wrong

    return read


_READERS: dict[str, Callable[[Column], Reader]] = {
    "number": _number,
    "boolean": _boolean,
    "category": _category,
    "date": _date,
    "text": _text,
    "labels": _labels,
}


def nanoseconds(text: str) -> int:
    """The moment that an ISO 8601 text names; Wrong where it names none between 1677 and 2262."""
    if len(text) == 10 and text[4] == text[7] == "-":  # nearly all of them
        try:
            return (date.fromisoformat(text).toordinal() - EPOCH) * DAY
        except ValueError:
            raise Wrong from None
    found = DATE.fullmatch(text)
    if found is None:
        raise Wrong
    year, _, month, day, hour, minute, second, fraction, zone = found.groups("0")
    try:
        days = date(int(year), int(month), int(day)).toordinal() - EPOCH
    except ValueError:
        raise Wrong from None
    hours, minutes, seconds = int(hour), int(minute), int(second)
    since = hours * 3600 + minutes * 60 + seconds - _offset(zone)
    value = days * DAY + since * 10**9 + int(fraction.ljust(9, "0"))
    if hours < 24 and minutes < 60 and seconds < 60 and FIRST <= value <= LAST:
        return value
    raise Wrong


def _offset(zone: str) -> int:
    """Seconds east of UTC."""
    if zone in ("0", "Z"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].removeprefix(":") or 0)
    if hours > 23 or minutes > 59:
        raise Wrong
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
