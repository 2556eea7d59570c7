"""Between the server and the model: what a request means, and what the answer looks like.

{"instances": [{"department": "sales", …}]}  ->  {"predictions": [41250.0]}
a classification adds {"probabilities": [{"yes": 0.8, "no": 0.2}]}
"""

import difflib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from training import model as tabular
from training.data import DataError, rule, typed
from training.model import Model
from training.settings import Column

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
