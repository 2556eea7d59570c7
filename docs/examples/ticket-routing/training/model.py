"""Which team a ticket is for, from its words. The functions are those that training/train.py names."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from sklearn import metrics
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline, make_pipeline

from training import artifact
from training.baseline import describe
from training.checkpoint import NOWHERE, Checkpoints
from training.data import Rows, in_memory, load_table, split
from training.settings import Column, Settings

UNANSWERED = ("log_loss",)  # metrics that answers alone do not give, when ground truth arrives


@dataclass(frozen=True)
class Model:
    """A fitted pipeline, and the column that it reads."""

    pipeline: Pipeline
    text: Column


def load(source: Path, settings: Settings) -> tuple[Rows, pd.DataFrame]:
    """Tickets to learn from, and tickets to judge on."""
    return split(load_table(source, settings), settings)


def fit(learn: Rows, settings: Settings, checkpoints: Checkpoints = NOWHERE) -> Model:
    """The words of each team's tickets, counted; it takes seconds, so that no state is kept in between."""
    return _fit(ComplementNB(**settings.model.hyperparameters), learn, settings)


def trivial(learn: Rows, settings: Settings) -> Model:
    """The team that gets most tickets."""
    return _fit(DummyClassifier(), learn, settings)


def evaluate(model: Model, rows: pd.DataFrame, settings: Settings) -> tuple[dict[str, float], np.ndarray]:
    """The metrics, and for each ticket 1 if it went to a wrong team."""
    truth, answers = rows[settings.problem.target], predict(model, rows)
    shares = model.pipeline.predict_proba(rows[model.text.name])
    log_loss = float(metrics.log_loss(truth, shares, labels=model.pipeline.classes_))
    return score(truth, answers, True) | {"log_loss": log_loss}, (answers != truth.to_numpy()).astype(float)


def groups(rows: pd.DataFrame, column: str) -> pd.Series:
    """The value of a column for each row."""
    return rows[column]


def baseline(model: Model, learn: Rows) -> dict[str, Any]:
    """Words and teams: what drift is measured against."""
    rows = in_memory(learn)
    words = describe(rows[model.text.name], "text")
    answers = describe(pd.Series(predict(model, rows)), "category")
    return {"rows": len(learn), "columns": {model.text.name: words}, "prediction": answers}


def predict(model: Model, rows: pd.DataFrame) -> np.ndarray:
    """A team for each ticket."""
    return np.asarray(model.pipeline.predict(rows[model.text.name]))


def score(truth: Any, answers: Any, classification: bool) -> dict[str, float]:
    """The metrics that true and given teams tell."""
    macro = metrics.f1_score(truth, answers, average="macro")
    return {"accuracy": float(metrics.accuracy_score(truth, answers)), "f1_macro": float(macro)}


def save(model: Model, folder: Path) -> None:
    """Write the model without a pickle."""
    (folder / "schema.json").write_text(json.dumps(asdict(model.text), default=str))
    (folder / "model.skops").write_bytes(artifact.reproducible(skops.io.dumps(model.pipeline)))


def restore(folder: Path) -> Model:
    """The model of a folder; the caller has verified the folder's manifest."""
    text = Column(**json.loads((folder / "schema.json").read_text()) | {"categories": ()})
    return Model(skops.io.load(folder / "model.skops", trusted=[]), text)


def _fit(estimator: Any, learn: Rows, settings: Settings) -> Model:
    rows, text = in_memory(learn), settings.features[0]
    pipeline = make_pipeline(CountVectorizer(), estimator)
    return Model(pipeline.fit(rows[text.name], rows[settings.problem.target]), text)
