"""Between the server and the model: what a request means, and what the answer looks like.

{"instances": [{"department": "sales", …}]}  ->  {"predictions": [41250.0]}
a classification adds {"probabilities": [{"yes": 0.8, "no": 0.2}]}
"""

import difflib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from training import model as tabular
from training.model import Model
from training.rules import DataError, cast, rule, typed
from training.settings import Column, Settings

EXAMPLES = 5


def restore(folder: Path) -> Model:
    """The model that answers; the server has verified the folder's manifest."""
    return tabular.restore(folder)


def predict(model: Model, instances: list[Any]) -> dict[str, Any]:
    """Answers for instances, or a DataError that names the instance, the field and the rule."""
    for number, instance in enumerate(instances):
        _check_fields(model, instance, f"instances[{number}]")
    names = [column.name for column in model.columns]
    values = [[instance.get(name) for name in names] for instance in instances]
    table = pd.DataFrame(values, columns=names, dtype=object)
    rows = typed(table, model.columns, lambda row: f"instances[{row}]")
    _check_required(model, rows)
    answers = tabular.predict(model, rows).tolist()
    if not model.classification:
        return {"predictions": answers}
    shares = tabular.probabilities(model, rows).to_dict(orient="records")
    return {"predictions": [_label(model, answer) for answer in answers], "probabilities": shares}


def record(model: Model, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A few requests with their answers: a server probes itself with them, a release is verified with them."""
    table = pd.DataFrame({column.name: _as_sent(rows[column.name].head(EXAMPLES), column) for column in model.columns})
    instances = json.loads(table.to_json(orient="records"))
    return [{"request": {"instances": [one]}, "response": predict(model, [one])} for one in instances]


def observed(instances: list[Any], settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame, Counter[str]]:
    """What monitoring sees in captured instances: typed columns, which cells break a rule, fields that nobody knows.

    A number out of range and a category that is not on the list keep their value: they are what moved.
    """
    rows = [instance if isinstance(instance, dict) else {} for instance in instances]
    names = [column.name for column in settings.features]
    table = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    typed_and_wrong = {column.name: _judged(table[column.name], column) for column in settings.features}
    unknown = Counter(name for row in rows if len(row.keys() - names) for name in row.keys() - names)
    values, wrong = (pd.DataFrame({name: pair[place] for name, pair in typed_and_wrong.items()}) for place in (0, 1))
    return values, wrong, unknown


def answers(response: dict[str, Any]) -> list[Any]:
    """The answer to each instance, as monitoring compares it with the baseline and with ground truth."""
    return list(response["predictions"])


def _judged(cells: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    values, wrong = cast(cells, column)
    if wrong.any():
        values = values.copy()
        values[wrong] = cast(cells[wrong], replace(column, minimum=None, maximum=None, categories=()))[0]
    return values, wrong | (values.isna() & (column.missing == 0))


def _as_sent(values: pd.Series, column: Column) -> pd.Series:
    """Values as an application writes them, and not as an estimator reads them."""
    if column.type == "boolean":
        return values.map({1.0: True, 0.0: False})
    return values.dt.strftime("%Y-%m-%d") if column.type == "date" else values


def _check_fields(model: Model, instance: Any, place: str) -> None:
    """A misspelt field would count as missing and give a wrong answer in silence."""
    names = [column.name for column in model.columns]
    if not isinstance(instance, dict):
        raise DataError(f"{place} must be an object with the fields {', '.join(names)}.")
    for name in instance.keys() - set(names):
        near = difflib.get_close_matches(str(name), names, n=1)
        raise DataError(
            f"{place}: there is no field {str(name)[:80]!r}; "
            + (f"did you mean {near[0]}?" if near else f"the fields are {', '.join(names)}.")
        )
    for name, value in instance.items():
        if isinstance(value, dict | list):
            raise DataError(f"{place}: {name} must be one value, not a list or an object.")


def _check_required(model: Model, rows: pd.DataFrame) -> None:
    for column in model.columns:
        gaps = rows[column.name].isna().to_numpy()
        if column.missing == 0 and gaps.any():
            raise DataError(f"instances[{gaps.argmax()}]: {column.name} is required and must be {rule(column)}.")


def _label(model: Model, answer: str) -> str | bool:
    return answer == "true" if model.target.type == "boolean" else answer
