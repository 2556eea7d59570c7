"""Between the server and the model: what a request means, and what the answer looks like.

{"instances": [{"dialogue": "Agent: …\\nCustomer: …"}]}
    ->  {"predictions": [{"summary": "…"}, {"error": "the dialogue is too long: …"}]}

A dialogue that is too long for the model gets an `error` of its own, and the others their summaries. With
`Accept: text/event-stream` the summary of one dialogue arrives piece by piece, as it is written.
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

from inference.rows import Rows
from training import model as models
from training import serving
from training.cells import DataError
from training.model import Model
from training.settings import Column, Settings

EXAMPLES = 5
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


def read(model: Served, instances: list[Any]) -> list[str]:
    """The dialogue of each instance, or a DataError that names the instance, the field and the rule."""
    return [dialogue for (dialogue,) in model.rows.read(instances)]


def answer(model: Served, dialogues: list[str]) -> dict[str, list[Any]]:
    """An answer for each dialogue: its summary, or the sentence that says why there is none."""
    summaries = model.model.summarizer.summaries(dialogues)
    return {"predictions": [_told(model, *pair) for pair in zip(dialogues, summaries, strict=True)]}


def stream(model: Served, dialogues: list[str]) -> Iterator[bytes]:
    """The summary of the one dialogue of a request as server-sent events, the last of which is `[DONE]`."""
    if len(dialogues) != 1:
        raise DataError(f"a stream answers one instance at a time, not {len(dialogues)}.")
    if len(model.model.summarizer.prompt(dialogues[0])) > model.model.summarizer.longest:
        raise DataError(f"instances[0]: {_too_long(model, dialogues[0])}")
    return _events(model.model.summarizer.stream(dialogues[0]))


STREAMS = {"text/event-stream": stream}


def predict(model: Served, instances: list[Any]) -> dict[str, list[Any]]:
    """Answers for instances."""
    return answer(model, read(model, instances))


def record(model: Served, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A few requests with their answers: a server probes itself with them, a release is verified with them."""
    name = model.model.input
    instances = [{name: text} for text in rows[name].head(EXAMPLES)]
    return [{"request": {"instances": [one]}, "response": predict(model, [one])} for one in instances]


def observed(instances: list[Any], settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame, Counter[str]]:
    """What monitoring sees in captured instances: the words of dialogues, where there are none, unknown fields."""
    name = settings.features[0].name
    entries = [one if isinstance(one, dict) else {} for one in instances]
    seen = pd.DataFrame({name: pd.Series([entry.get(name) or None for entry in entries], dtype=object)})
    return seen, seen.isna(), Counter(other for entry in entries for other in entry.keys() - {name})


def answers(response: dict[str, Any]) -> list[Any]:
    """The answer to each instance, as monitoring compares it with the baseline and with ground truth."""
    return [one.get("summary") if isinstance(one, dict) else one for one in response["predictions"]]


def _told(model: Served, dialogue: str, summary: str | None) -> dict[str, str]:
    return {"error": _too_long(model, dialogue)} if summary is None else {"summary": summary}


def _too_long(model: Served, dialogue: str) -> str:
    language = model.model.summarizer
    count = len(language.prompt(dialogue))
    return f"the dialogue is too long: its prompt has {count} tokens, of at most {language.longest}; send a part of it."


def _events(pieces: Iterator[str]) -> Iterator[bytes]:
    for piece in pieces:
        yield b"data: " + json.dumps({"summary": piece}).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"
