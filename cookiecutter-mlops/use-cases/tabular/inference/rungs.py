"""The ladder: the fastest way to answer that the model and the image allow, chosen when the model is loaded.

    compiled    the serving plan, walked by machine code that the image built       microseconds a row
    numpy       the same plan without a compiler                                    a tenth of a millisecond
    encoders    a plan of the encoders, then the estimator of scikit-learn          a millisecond
    whole       the pipeline on a pandas table                                      several milliseconds

Only the last two import scikit-learn. Each has `name`, `why` (no rung above: a sentence), the classes, and `predict`:
rows as inference/rows.py reads them to numbers, or to a row of probabilities, in the order of the classes.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from inference import plan as plans
from inference.rows import Row
from training.settings import Column

if TYPE_CHECKING:  # pandas and scikit-learn are not imported where a plan answers
    import pandas as pd

    from training.model import Model

KINDS = {"category": np.dtype(object), "date": np.dtype("datetime64[ns]")}  # the others are numbers


class Rung(Protocol):
    """One way to answer rows, and why it was not a faster one."""

    name: str
    why: str
    classes: tuple[str, ...] | None

    def predict(self, rows: list[Row]) -> np.ndarray: ...


class Planned:
    """A plan of the whole model."""

    def __init__(self, plan: plans.Plan, why: str) -> None:
        self.name, self.why = ("numpy", why) if why else ("compiled", "")
        self.classes, self.predict = plan.meaning.classes, plan.predict


class Encoders:
    """A plan of the encoders in front of the pipeline's last step."""

    name = "encoders"

    def __init__(self, model: "Model", plan: plans.Plan, why: str) -> None:
        self.model, self.plan, self.why, self.last = model, plan, why, model.estimator[-1]
        self.classes = tuple(self.last.classes_) if model.classification else None

    def predict(self, rows: list[Row]) -> np.ndarray:
        encoded = self.plan.encode(rows)
        if self.classes:
            return self.last.predict_proba(encoded)
        answers = self.last.predict(encoded)
        return np.expm1(answers) if self.model.log_target else answers


class Whole:
    """The pipeline as it was trained."""

    name = "whole"

    def __init__(self, model: "Model", why: str) -> None:
        self.model, self.why = model, why
        self.classes = tuple(model.estimator.classes_) if model.classification else None

    def predict(self, rows: list[Row]) -> np.ndarray:
        from training import model as tabular

        seen = table(rows, self.model.columns)
        return tabular.probabilities(self.model, seen).to_numpy() if self.classes else tabular.predict(self.model, seen)


def choose(folder: Path) -> Rung:
    """The rung of a verified model folder."""
    serving = json.loads((folder / "serving.json").read_text())
    if serving["plan"] == "complete":
        return Planned(*plans.load(folder))
    from training import model as tabular

    model = tabular.restore(folder)
    if serving["plan"] == "encoders":
        plan, without_compiler = plans.load(folder)
        return Encoders(model, plan, f"{serving['why']}; {without_compiler}" if without_compiler else serving["why"])
    return Whole(model, serving["why"])


def table(rows: list[Row], columns: tuple[Column, ...]) -> "pd.DataFrame":
    """The rows as the pipeline was trained on them."""
    import pandas as pd

    made = {}
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        cells = [np.nan if cell is None else cell for cell in values] if column.type == "category" else values
        made[column.name] = np.array(cells, KINDS.get(column.type, np.dtype(float)))  # faster than pd.Series
    return pd.DataFrame(made)
