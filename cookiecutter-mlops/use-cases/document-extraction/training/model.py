"""The model: what a data scientist edits. Everything around it (the loop, the gate, the server) stays as it is.

A document is words with boxes (training/document.py). How the fields of [use_case.fields] are found in it is said by
`name` under [model] in project.toml, one module each, with what is to be set of it under [model.hyperparameters]:

    candidate-ranker      training/ranking.py: places that could be the value are ranked; the default, on any CPU
    layout-transformer    training/layout.py: LayoutLMv3 is fine-tuned on words and boxes; for a GPU
"""

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from inference import ocr
from training.baseline import describe
from training.candidates import KINDS
from training.cells import DataError
from training.checkpoint import NOWHERE, Checkpoints
from training.data import Rows, in_memory, load_table, split
from training.document import Document, parse
from training.guess import Rule
from training.ranker import Found
from training.ranking import Rankers
from training.settings import Settings, SettingsError

INPUT = "document"  # the column that holds documents; the target holds an object of their values
UNANSWERED: tuple[str, ...] = ()  # metrics that answers alone do not give, when ground truth arrives
WAYS = {"candidate-ranker": "training.ranking", "layout-transformer": "training.layout"}
DESCRIBED = 500  # documents from which a baseline of the monitor is made
EMPTY = {"value": None, "confidence": 0.0, "page": None, "box": None}

Values = dict[str, str | None]


class Finder(Protocol):
    """What each way of finding fields fits and restores."""

    @property
    def name(self) -> str: ...

    def find(self, document: Document) -> dict[str, Found | None]: ...

    def save(self, folder: Path) -> None: ...


@dataclass(frozen=True)
class Model:
    """What finds the fields, and the OCR that reads scans for it (inference/ocr.py)."""

    finder: Any  # a Finder
    ocr: str = "tesseract"


def load(source: Path, settings: Settings) -> tuple[Rows, pd.DataFrame]:
    """Rows to learn from and rows to judge on, drawn by their content."""
    fields_of(settings), ocr_of(settings)
    return split(load_table(source, settings), settings)


def fit(learn: Rows, settings: Settings, checkpoints: Checkpoints = NOWHERE) -> Model:
    """A model that finds the fields; what an interrupted training had kept is taken over."""
    documents, truths = _read(in_memory(learn), settings)
    parameters = settings.model.hyperparameters
    finder: Finder = _way(settings.model.name).fit(documents, truths, fields_of(settings), parameters, checkpoints)
    return Model(finder, ocr_of(settings))


def trivial(learn: Rows, settings: Settings) -> Model:
    """One simple rule for each field."""
    return Model(Rankers({name: Rule(kind) for name, kind in fields_of(settings).items()}), ocr_of(settings))


def _way(name: str) -> Any:
    """The module that finds fields; what it needs is opened only where it is chosen."""
    if name not in WAYS:
        raise SettingsError(f"project.toml: [model]: name must be one of {', '.join(WAYS)} (now: {name!r}).")
    return importlib.import_module(WAYS[name])


def evaluate(model: Model, rows: pd.DataFrame, settings: Settings) -> tuple[dict[str, float], np.ndarray]:
    """The share of values that are right letter by letter, and of each document the share that is wrong."""
    documents, truths = _read(rows, settings)
    right = _right(truths, [values_of(model, document) for document in documents], list(fields_of(settings)))
    each = {name: float(share) for name, share in zip(fields_of(settings), right.mean(axis=0), strict=True)}
    return _metrics(right) | each, 1 - right.mean(axis=1)


def groups(rows: pd.DataFrame, column: str) -> pd.Series:
    """The value of a column for each row, as people read it."""
    return rows[column].fillna("missing")


def baseline(model: Model, learn: Rows) -> dict[str, Any]:
    """How the words of documents and of answers were distributed: what drift is measured against."""
    some = in_memory(learn)
    documents = [parse(text) for text in some[INPUT].head(DESCRIBED)]
    answers = [as_text(values_of(model, document)) for document in documents]
    described = describe(pd.Series([words_of(document) for document in documents]), "text")
    return {"rows": len(learn), "columns": {INPUT: described}, "prediction": describe(pd.Series(answers), "text")}


def save(model: Model, folder: Path) -> None:
    """Write the model in safe formats, which way of finding fields it is, and which OCR it asks."""
    (folder / "schema.json").write_text(json.dumps({"model": model.finder.name, "ocr": model.ocr}))
    model.finder.save(folder)


def restore(folder: Path) -> Model:
    """The model of a folder; the caller has verified the folder's manifest."""
    schema = json.loads((folder / "schema.json").read_text())
    return Model(_way(schema["model"]).restore(folder), schema["ocr"])


def predict(model: Model, rows: pd.DataFrame) -> np.ndarray:
    """The values of each row's document, as JSON."""
    return np.array([as_text(values_of(model, parse(text))) for text in rows[INPUT]], dtype=object)


def extract(model: Model, document: Document) -> dict[str, dict[str, Any]]:
    """Each field's value with its confidence (0 to 1), page (from 1) and box; nulls where there is none."""
    return {name: dict(EMPTY) if one is None else _told(one) for name, one in model.finder.find(document).items()}


def values_of(model: Model, document: Document) -> Values:
    """The values of a document's fields, without confidence and place."""
    return {name: one["value"] for name, one in extract(model, document).items()}


def words_of(document: Document) -> str:
    """The words that drift is measured on: of numbers only how long they are, because every receipt has its own."""
    return "".join("0" if letter.isdigit() else letter for letter in document.text)


def score(truth: Any, answers: Any, classification: bool) -> dict[str, float]:
    """The metrics of answers, once ground truth arrives: both are values as JSON."""
    truths, given = ([json.loads(text) for text in texts] for texts in (truth, answers))
    return _metrics(_right(truths, given, sorted({name for one in truths for name in one})))


def as_text(values: Values) -> str:
    """Values as the target column writes them."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def fields_of(settings: Settings) -> dict[str, str]:
    """The kind of each field, by its name."""
    fields = settings.use_case.get("fields")
    example = '[use_case.fields] such as total = "amount"'
    if not isinstance(fields, dict) or not fields:
        raise SettingsError(f"project.toml: say what is read from a document under {example}.")
    for name, kind in fields.items():
        if kind not in KINDS:
            rule = f"[use_case.fields]: {name} must be one of {', '.join(KINDS)}"
            raise SettingsError(f"project.toml: {rule} (now: {kind!r}).")
    return fields


def ocr_of(settings: Settings) -> str:
    """The name of the OCR that reads scans."""
    name = settings.use_case.get("ocr", "tesseract")
    try:
        ocr.place(str(name))
    except DataError as error:
        raise SettingsError(f"project.toml: [use_case]: {error}") from None
    return str(name)


def _read(rows: pd.DataFrame, settings: Settings) -> tuple[list[Document], list[Values]]:
    """Documents with their values; a DataError names the row that holds none."""
    documents, truths = [], []
    for number, (text, truth) in enumerate(zip(rows[INPUT], rows[settings.problem.target], strict=True), start=1):
        try:
            documents.append(parse(text))
            truths.append(_values(json.loads(truth)))
        except (ValueError, DataError) as error:
            raise DataError(f"document {number} of {len(rows)}: {error}") from None
    return documents, truths


def _values(found: Any) -> Values:
    if not isinstance(found, dict) or any(not isinstance(value, str | None) for value in found.values()):
        raise ValueError(f'the values must be an object such as {{"total": "9.00"}}, not {str(found)[:60]!r}.')
    return {name: " ".join(value.split()) or None if value else None for name, value in found.items()}


def _right(truths: list[Values], answers: list[Values], names: list[str]) -> np.ndarray:
    """Which field (column) of which document (row) was answered letter by letter."""
    pairs = zip(truths, answers, strict=True)
    rows = [[truth.get(name) == answer.get(name) for name in names] for truth, answer in pairs]
    return np.array(rows, dtype=float).reshape(len(rows), len(names))


def _metrics(right: np.ndarray) -> dict[str, float]:
    return {"exact_match": float(right.mean()), "complete": float(right.all(axis=1).mean())}


def _told(found: Found) -> dict[str, Any]:
    page, box = found.candidate.page + 1, [round(edge, 2) for edge in found.candidate.box]
    return {"value": found.candidate.value, "confidence": round(found.confidence, 4), "page": page, "box": box}
