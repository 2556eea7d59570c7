"""Between the server and the model: {"instances": [{"text": "…"}]} -> {"predictions": ["repairs"]}."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from inference.rows import Row, Rows
from training import model as models
from training import serving
from training.settings import Settings


@dataclass(frozen=True)
class Served:
    """A model that answers, and how its requests are read."""

    model: models.Model
    rows: Rows


def restore(folder: Path) -> Served:
    """The model that answers; the server has verified the folder's manifest."""
    return serve(models.restore(folder))


def serve(model: models.Model) -> Served:
    """A model in memory."""
    return Served(model, Rows([model.text]))


def rung(model: Served) -> tuple[str, str]:
    """Which rung serves, and why none above it does."""
    return "whole", serving.WHY


def fields(model: Served) -> tuple[str, ...]:
    """The names of the columns, in the order of a line without a header."""
    return tuple(model.rows.columns)


def read(model: Served, instances: list[Any]) -> list[Row]:
    """The rows of instances, or a DataError that names the instance, the field and the rule."""
    return model.rows.read(instances)


def answer(model: Served, rows: list[Row]) -> dict[str, list[Any]]:
    """A team for each row."""
    return {"predictions": models.predict(model.model, pd.DataFrame(rows, columns=fields(model))).tolist()}


def predict(model: Served, instances: list[Any]) -> dict[str, list[Any]]:
    """Answers for instances."""
    return answer(model, read(model, instances))


def record(model: Served, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A few requests with their answers: a server probes itself with them, a release is verified with them."""
    instances = [{model.model.text.name: text} for text in rows[model.model.text.name].head(5)]
    return [{"request": {"instances": [one]}, "response": predict(model, [one])} for one in instances]


def observed(instances: list[Any], settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame, Counter[str]]:
    """What monitoring sees in captured instances: the words, where there are none, fields that nobody knows."""
    rows, name = [each if isinstance(each, dict) else {} for each in instances], settings.features[0].name
    values = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object)})
    return values, values.isna(), Counter(key for row in rows for key in row.keys() - {name})


def answers(response: dict[str, Any]) -> list[Any]:
    """The answer to each instance, as monitoring compares it with the baseline and with ground truth."""
    return list(response["predictions"])
