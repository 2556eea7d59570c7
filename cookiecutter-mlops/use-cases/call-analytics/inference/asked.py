"""Calls as requests bring them, each read by itself: one that breaks a rule does not take the others along."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from inference.rows import Row, Rows, each
from inference.transcribe import Transcriber, heard
from training.cells import DataError

TURNS, PROBLEM, AUDIO = "turns", "problem", "audio"  # of a call, beside its name; sound is in base64
MEASURES = ("seconds", "silence", "longest_silence", "overlap")  # of its recording; inference/audio.py
FIELDS = {TURNS, PROBLEM, AUDIO, *MEASURES}
LONGEST = 50_000  # characters of a turn: about an hour in which one person speaks without a pause


@dataclass(frozen=True)
class Asked:
    """A call: its name, its turns, what its recording measures, and why it cannot be answered."""

    call: str | None
    turns: list[Row]
    measures: dict[str, float] = field(default_factory=dict)
    problem: str | None = None


def sound(body: bytes) -> list[dict[str, str]]:
    """A body that is a recording, as the one instance of a request: a call that is named by its content."""
    return [{AUDIO: base64.b64encode(body).decode()}]


def read(rows: Rows, name: str, instances: list[Any], transcriber: Transcriber | None = None) -> list[Asked]:
    """The calls of a request, each with what is wrong with it; `name` is the field with a call's name."""

    def one(number: int, instance: Any) -> Asked:
        return _read(rows, name, _heard(instance, name, transcriber), f"instances[{number}]")

    return [
        Asked(_name(instance, name), [], problem=str(call)) if isinstance(call, DataError) else call
        for instance, call in zip(instances, each(one, instances), strict=True)
    ]


def _heard(instance: Any, name: str, transcriber: Transcriber | None) -> Any:
    """The call with what is said in its recording; one that cannot be opened is the problem of this call alone."""
    if not isinstance(instance, dict) or AUDIO not in instance:
        return instance
    call = {key: value for key, value in instance.items() if key not in FIELDS}
    try:
        body = base64.b64decode(str(instance[AUDIO]), validate=True)
        call = {name: hashlib.sha256(body).hexdigest()[:16]} | call
        return call | heard(body, str(call[name]), transcriber, instance.get(TURNS))
    except DataError as error:
        return call | {PROBLEM: str(error)}
    except ValueError:
        return call | {PROBLEM: f"{AUDIO} must be a recording in base64."}


def said(instance: dict[str, Any], text: str, speaker: str | None, customer: str) -> Iterator[str]:
    """The customer's words in an instance that nobody has read yet."""
    told = instance[TURNS] if isinstance(instance.get(TURNS), list) else [instance]
    for turn in told:
        if isinstance(turn, dict) and turn.get(text) and (speaker is None or turn.get(speaker) == customer):
            yield str(turn[text])


def _whole(instance: Any) -> bool:
    return isinstance(instance, dict) and bool(instance.keys() & FIELDS)


def _read(rows: Rows, name: str, instance: Any, place: str) -> Asked:
    if not _whole(instance):
        turns = _rows(rows, [instance], place, "instances[0]")
        return Asked(_name(dict(zip(rows.columns, turns[0], strict=True)), name), turns)
    common = {key: value for key, value in instance.items() if key not in FIELDS}
    turns = instance.get(TURNS, [])
    if not isinstance(turns, list):
        raise DataError(f"{place}: {TURNS} must be a list of turns, not {str(turns)[:80]!r}.")
    if (unknown := common.keys() - rows.columns.keys()) or name not in common:
        named = f"there is no field {min(unknown)[:80]!r}" if unknown else f"{name} is required"
        raise DataError(f"{place}: {named}; a call has the fields {name} and {TURNS}.")
    told = [common | turn if isinstance(turn, dict) else turn for turn in turns]
    problem = instance.get(PROBLEM)  # of who made the request, such as a recording that cannot be opened
    read = _rows(rows, told, f"{place}.{TURNS}", "instances") if problem is None else []
    return Asked(_name(common, name), read, _measures(instance, place), problem and str(problem)[:500])


def _rows(rows: Rows, told: list[Any], place: str, named: str) -> list[Row]:
    try:
        return [_short(rows, number, row) for number, row in enumerate(rows.read(told))]
    except DataError as error:
        raise DataError(str(error).replace(named, place, 1)) from None


def _short(rows: Rows, number: int, row: Row) -> Row:
    """The row itself: one long turn would take the time and the memory of all other requests."""
    for name, value in zip(rows.columns, row, strict=True):
        if isinstance(value, str) and len(value) > LONGEST:
            raise DataError(
                f"instances[{number}]: {name} must have at most {LONGEST:,} characters (got: {len(value):,}), "
                "an hour of speech; send it as several turns."
            )
    return row


def _name(instance: Any, name: str) -> str | None:
    value = instance.get(name) if isinstance(instance, dict) else None
    return None if value is None else str(value)[:200]


def _measures(instance: dict[str, Any], place: str) -> dict[str, float]:
    given = {name: instance[name] for name in MEASURES if instance.get(name) is not None}
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise DataError(f"{place}: {name} must be a number from 0 up, such as 0.25, not {str(value)[:80]!r}.")
    return given
