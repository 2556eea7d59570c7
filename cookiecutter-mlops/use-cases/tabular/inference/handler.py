"""Between the server and the model: what a request means, and what the answer looks like.

{"instances": [{"department": "sales", …}]}  ->  {"predictions": [41250.0]}
a classification adds {"probabilities": [{"yes": 0.8, "no": 0.2}]}

The server asks `restore` once, then `read` and `answer` for every request; see inference/server.py.
"""

import json
from collections import Counter
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inference import rungs
from inference.rows import Row, Rows
from training.cells import DataError
from training.settings import Column, Settings

if TYPE_CHECKING:  # a server that walks a plan never imports them
    import pandas as pd

    from training.model import Model

EXAMPLES = 5


@dataclass(frozen=True)
class Served:
    """A model that answers: how its requests are read, and the rung of the ladder that it stands on."""

    rows: Rows
    rung: rungs.Rung
    boolean: bool  # the target is true or false


def restore(folder: Path) -> Served:
    """The model that answers; the server has verified the folder's manifest."""
    schema = json.loads((folder / "schema.json").read_text())
    columns = [Column(**entry) for entry in schema["columns"]]
    return Served(Rows(columns), rungs.choose(folder), schema["target"]["type"] == "boolean")


def serve(model: "Model") -> Served:
    """A model in memory, answered by its whole pipeline."""
    rung = rungs.Whole(model, "it was not loaded from a folder")
    return Served(Rows(model.columns), rung, model.target.type == "boolean")


def rung(model: Served) -> tuple[str, str]:
    """Which rung serves, and why none above it does."""
    return model.rung.name, model.rung.why


def fields(model: Served) -> tuple[str, ...]:
    """The names of the columns, in the order of a line without a header."""
    return tuple(model.rows.columns)


def read(model: Served, instances: list[Any]) -> list[Row]:
    """The rows of instances, or a DataError that names the instance, the field and the rule."""
    return model.rows.read(instances)


def answer(model: Served, rows: list[Row]) -> dict[str, list[Any]]:
    """Answers for rows, an entry for each in every list."""
    numbers = model.rung.predict(rows)
    if not all(map(isfinite, numbers.ravel().tolist())):  # of one row in an eighth of the time that NumPy takes
        number = int(np.argmin(np.isfinite(numbers).reshape(len(rows), -1).all(axis=1)))
        raise DataError(f"instances[{number}]: the model has no finite answer for values as large as these.")
    if model.rung.classes is None:
        return {"predictions": numbers.tolist()}
    names = model.rung.classes
    labels = [name == "true" for name in names] if model.boolean else names
    shares = [dict(zip(names, row, strict=True)) for row in numbers.tolist()]
    return {"predictions": [labels[place] for place in numbers.argmax(axis=1).tolist()], "probabilities": shares}


def predict(model: Served, instances: list[Any]) -> dict[str, list[Any]]:
    """Answers for instances."""
    return answer(model, read(model, instances))


def record(model: Served, rows: "pd.DataFrame") -> list[dict[str, Any]]:
    """A few requests with their answers: a server probes itself with them, a release is verified with them."""
    instances = instances_of(tuple(model.rows.columns.values()), rows.head(EXAMPLES))
    return [{"request": {"instances": [one]}, "response": predict(model, [one])} for one in instances]


def instances_of(columns: tuple[Column, ...], rows: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows as an application sends them."""
    import pandas as pd

    table = pd.DataFrame({column.name: _as_sent(rows[column.name], column) for column in columns})
    return json.loads(table.to_json(orient="records", double_precision=15))


def observed(instances: list[Any], settings: Settings) -> "tuple[pd.DataFrame, pd.DataFrame, Counter[str]]":
    """What monitoring sees in captured instances: typed columns, which cells break a rule, fields that nobody knows.

    A number out of range and a category that is not on the list keep their value: they are what moved.
    """
    from inference.observed import observed as seen

    return seen(instances, settings)


def answers(response: dict[str, Any]) -> list[Any]:
    """The answer to each instance, as monitoring compares it with the baseline and with ground truth."""
    return list(response["predictions"])


def _as_sent(values: "pd.Series", column: Column) -> "pd.Series":
    """Values as an application writes them, and not as an estimator reads them."""
    if column.type == "boolean":
        return values.map({1.0: True, 0.0: False})
    return values.dt.strftime("%Y-%m-%d") if column.type == "date" else values
