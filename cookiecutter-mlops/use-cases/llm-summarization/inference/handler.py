"""Between the server and the model: what a request means, and what the answer looks like.

{"instances": [{"dialogue": "Agent: …\\nCustomer: …"}]}
    ->  {"predictions": [{"summary": "…"}, {"error": "the dialogue is too long: …"}]}

A dialogue that cannot be summarized (none, empty, no text, too long for the model) gets an `error` of its own, and the
others their summaries. With `Accept: text/event-stream` the summary of one dialogue arrives piece by piece, as it is
written.
The server asks `restore` once, then `read` and `answer` for every request; see inference/server.py.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from inference.rows import Rows, each
from training import model as models
from training import serving
from training.cells import DataError
from training.model import Model
from training.settings import Column, Settings

EXAMPLES = 5
SLOWEST = 600.0  # seconds: many long dialogues on a CPU
# Share of a summary's words that a release must give again: on another GPU, or by another server, a number that is
# rounded otherwise may turn a word, and each that follows.
LIKENESS = 0.5
WORKERS = 1 if torch.cuda.device_count() else None  # a GPU does not survive a fork; else one a core


@dataclass(frozen=True)
class Served:
    """A model that answers, and how its requests are read."""

    model: Model
    rows: Rows


def restore(folder: Path) -> Served:
    """The model that answers; the server has verified the folder's manifest."""
    return serve(models.restore(folder))


def serve(model: Model) -> Served:
    """A model in memory."""
    return Served(model, Rows([Column(model.input, "text", missing=0)]))


def rung(model: Served) -> tuple[str, str]:
    """Which rung serves, and why none above it does."""
    return "whole", serving.WHY


def fields(model: Served) -> tuple[str, ...]:
    """The names of the columns, in the order of a line without a header."""
    return tuple(model.rows.columns)


def read(model: Served, instances: list[Any]) -> list[str | DataError]:
    """The dialogue of each instance, or what is wrong with it; a DataError where that is all of them."""
    return each(lambda number, instance: _dialogue(model, number, instance), instances)


def answer(model: Served, dialogues: list[str | DataError]) -> dict[str, list[Any]]:
    """An answer for each dialogue: its summary, or the sentence that says why there is none."""
    good = [dialogue for dialogue in dialogues if isinstance(dialogue, str)]
    summaries = dict(zip(good, model.model.summarizer.summaries(good), strict=True))
    return {"predictions": [_told(model, dialogue, summaries) for dialogue in dialogues]}


def stream(model: Served, dialogues: list[str | DataError]) -> Iterator[bytes]:
    """The summary of the one dialogue of a request as server-sent events, the last of which is `[DONE]`."""
    if len(dialogues) != 1:
        raise DataError(f"a stream answers one instance at a time, not {len(dialogues)}.")
    dialogue = dialogues[0]
    if isinstance(dialogue, DataError):
        raise dialogue
    if len(model.model.summarizer.prompt(dialogue)) > model.model.summarizer.longest:
        raise DataError(f"instances[0]: {_too_long(model, dialogue)}")
    return _events(model.model.summarizer.stream(dialogue))


STREAMS = {"text/event-stream": stream}


def predict(model: Served, instances: list[Any]) -> dict[str, list[Any]]:
    """Answers for instances."""
    return answer(model, read(model, instances))


def record(model: Served, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A few requests with their answers: a server probes itself with them, a release is verified with them."""
    name = model.model.input
    instances = [{name: text} for text in rows[name].head(EXAMPLES)]
    asked = [{"request": {"instances": [one]}, "response": predict(model, [one])} for one in instances]
    return [sample | {"likeness": LIKENESS} for sample in asked]


def observed(instances: list[Any], settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame, Counter[str]]:
    """What monitoring sees in captured instances: the words of dialogues, where there are none, unknown fields."""
    name = settings.features[0].name
    entries = [one if isinstance(one, dict) else {} for one in instances]
    seen = pd.DataFrame({name: pd.Series([entry.get(name) or None for entry in entries], dtype=object)})
    return seen, seen.isna(), Counter(other for entry in entries for other in entry.keys() - {name})


def answers(response: dict[str, Any]) -> list[Any]:
    """The answer to each instance, as monitoring compares it with the baseline and with ground truth."""
    return [one.get("summary") if isinstance(one, dict) else one for one in response["predictions"]]


def _dialogue(model: Served, number: int, instance: Any) -> str:
    (dialogue,) = model.rows.row(number, instance)
    place = f"instances[{number}]: {model.model.input}"
    try:
        dialogue.encode()
    except UnicodeEncodeError:
        raise DataError(f"{place} holds a character that is none (half of a pair), so it is no UTF-8.") from None
    if not dialogue.strip():
        raise DataError(f"{place} is empty: nobody says a word.")
    return str(dialogue)


def _told(model: Served, dialogue: str | DataError, summaries: dict[str, str | None]) -> dict[str, str]:
    if isinstance(dialogue, DataError):
        return {"error": str(dialogue)}
    summary = summaries[dialogue]
    return {"error": _too_long(model, dialogue)} if summary is None else {"summary": summary}


def _too_long(model: Served, dialogue: str) -> str:
    language = model.model.summarizer
    count = len(language.prompt(dialogue))
    return f"the dialogue is too long: its prompt has {count} tokens, of at most {language.longest}; send a part of it."


def _events(pieces: Iterator[str]) -> Iterator[bytes]:
    for piece in pieces:
        yield b"data: " + json.dumps({"summary": piece}).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"
