"""Between the server and the model: what a request means, and what the answer looks like.

{"instances": [{"document": {"pages": [{"words": [{"text": "TOTAL", "box": [245, 639, 293, 658]}, …]}]}},
               {"document": "<a PDF or an image in base64>"}]}
->  {"predictions": [{"pages": 1, "fields": {"total": {"value": "9.00", "confidence": 0.97, "page": 1,
                                                       "box": [411, 596, 443, 613]}, …}},
                     {"error": "the PDF cannot be opened: it is protected by a password; send it without."}]}

A body of the types in READERS is one document as it is. A document that cannot be read gets its own `error`, and the
others their answers. `box` is left, top, right, bottom in the unit of the page, a PDF's in points.
"""

import base64
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from inference import reading
from inference.rows import Rows, each
from training import model as extraction
from training.cells import DataError
from training.settings import Column, Settings

EXAMPLES = 5
SLOWEST = 3600.0  # seconds: a document of hundreds of scanned pages; an asynchronous endpoint waits no longer
DOCUMENT = Column("document", "text")  # a request may hold an empty one, which is answered with an error of its own
TYPES = ("application/pdf", "image/png", "image/jpeg", "image/tiff", "image/webp")


def _whole(body: bytes) -> list[dict[str, str]]:
    return [{"document": base64.b64encode(body).decode()}]


READERS: dict[str, Callable[[bytes], Any]] = dict.fromkeys(TYPES, _whole)


@dataclass(frozen=True)
class Served:
    """A model that answers, and what reads the instances of its requests."""

    model: extraction.Model
    rows: Rows


def restore(folder: Path) -> Served:
    """The model that answers; the server has verified the folder's manifest."""
    return serve(extraction.restore(folder))


def serve(model: extraction.Model) -> Served:
    """A model in memory."""
    return Served(model, Rows([DOCUMENT]))


def rung(model: Served) -> tuple[str, str]:
    """Which rung serves, and why none above it does."""
    return "whole", "a plan cannot hold the rankers of fields"


def fields(model: Served) -> tuple[str, ...]:
    """The names of the columns, in the order of a line without a header."""
    return tuple(model.rows.columns)


def read(model: Served, instances: list[Any]) -> list[str | DataError | None]:
    """The text of each instance's document, or what is wrong with it; a DataError where that is all of them."""
    return each(lambda number, instance: _document(model.rows, number, instance), instances)


def _document(rows: Rows, number: int, instance: Any) -> str | None:
    (document,) = rows.row(number, _as_text(instance))
    if instance == {}:
        raise DataError(f"instances[{number}]: {DOCUMENT.name} is required.")
    return document


def _as_text(instance: Any) -> Any:
    """Words with boxes may come as an object, or as its text: one way to go on with."""
    if isinstance(instance, dict) and isinstance(instance.get("document"), dict):
        return instance | {"document": json.dumps(instance["document"])}
    return instance


def answer(model: Served, rows: list[str | DataError | None]) -> dict[str, list[Any]]:
    """An answer for each document: its fields, or the sentence that says why it cannot be read."""
    return {"predictions": [_answered(model.model, row) for row in rows]}


def _answered(model: extraction.Model, row: str | DataError | None) -> dict[str, Any]:
    try:
        if isinstance(row, DataError):
            raise row
        document = reading.read(row, model.ocr)
    except DataError as problem:
        return {"error": str(problem)}
    return {"pages": len(document.pages), "fields": extraction.extract(model, document)}


def predict(model: Served, instances: list[Any]) -> dict[str, list[Any]]:
    """Answers for instances."""
    return answer(model, read(model, instances))


def record(model: Served, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A few requests with their answers: a server probes itself with them, a release is verified with them."""
    instances = [{"document": text} for text in rows["document"].head(EXAMPLES)]
    return [{"request": {"instances": [one]}, "response": predict(model, [one])} for one in instances]


def observed(instances: list[Any], settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame, Counter[str]]:
    """What monitoring sees in captured instances: the words of documents, which cannot be read, unknown fields."""
    entries = [_as_text(one) if isinstance(one, dict) else {} for one in instances]
    words, engine = [one.get("document") for one in entries], extraction.ocr_of(settings)
    seen = pd.DataFrame({"document": pd.Series([_words(document, engine) for document in words], dtype=object)})
    unknown = Counter(name for entry in entries for name in entry.keys() - {"document"})
    return seen, seen.isna(), unknown


def _words(document: Any, engine: str) -> str | None:
    try:
        return extraction.words_of(reading.read(document if isinstance(document, str) else None, engine))
    except DataError:
        return None


def answers(response: dict[str, Any]) -> list[Any]:
    """The answer to each instance, as monitoring compares it with ground truth: its values as JSON."""
    return [_values(prediction) for prediction in response["predictions"]]


def _values(prediction: Any) -> Any:
    if not isinstance(prediction, dict):
        return prediction
    return extraction.as_text({name: one["value"] for name, one in prediction.get("fields", {}).items()})
