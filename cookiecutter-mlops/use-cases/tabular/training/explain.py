"""What the model looks at: permutation importance (Breiman, 2001) and partial dependence (Friedman, 2001)."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.inspection import permutation_importance

from training import model as tabular
from training.settings import Column, Settings

ROWS = 1000  # of the hold-out
REPEATS = 3
POINTS = 12  # of a curve
COLUMNS = 30  # that are shown, the most important ones


def explain(model: tabular.Model, rows: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """See the common training/explain.py: importance, dependence and answer."""
    some = rows.sample(min(ROWS, len(rows)), random_state=settings.data.seed)
    importance = _importance(model, some, settings)
    shown = sorted(importance, key=lambda name: -importance[name]["mean"])[:COLUMNS]
    number, answer = _asked(model, some, settings)
    columns = [column for column in model.columns if column.name in shown]
    return {
        "importance": {name: importance[name] for name in shown},
        "dependence": {column.name: _dependence(column, some, number) for column in columns},
        "answer": answer,
    }


class _Loss(BaseEstimator):
    """What permutation_importance takes for an estimator; it is fitted already."""

    def fit(self, X: Any, y: Any) -> "_Loss":
        return self


def _importance(model: tabular.Model, rows: pd.DataFrame, settings: Settings) -> dict[str, dict[str, float]]:
    names = [column.name for column in model.columns]

    def gain(_: Any, shuffled: pd.DataFrame, truth: pd.Series) -> float:
        return -tabular.evaluate(model, shuffled.assign(**{settings.target.name: truth}), settings)[1].mean()

    truth, seed = rows[settings.target.name], settings.data.seed
    found = permutation_importance(_Loss(), rows[names], truth, scoring=gain, n_repeats=REPEATS, random_state=seed)
    pairs = zip(found.importances_mean, found.importances_std, strict=True)
    return {name: {"mean": float(m), "spread": float(s)} for name, (m, s) in zip(names, pairs, strict=True)}


def _asked(model: tabular.Model, rows: pd.DataFrame, settings: Settings) -> tuple[Any, str]:
    """A function from rows to numbers: the answers, or the probability of a class; and its name."""
    if not model.classification:
        return lambda changed: tabular.predict(model, changed), f"mean {settings.target.name}"
    truth = tabular.answers_of(rows, settings.target)
    chosen = "true" if settings.target.type == "boolean" else truth.mode()[0]
    name = f"probability of {settings.target.name} = {chosen}"
    return lambda changed: tabular.probabilities(model, changed)[chosen].to_numpy(), name


def _dependence(column: Column, rows: pd.DataFrame, number: Any) -> list[list[Any]]:
    values = _values(column, rows[column.name].dropna())
    if not values:
        return []
    tables = [rows.assign(**{column.name: pd.Series(value, rows.index)}) for value in values]
    means = np.reshape(number(pd.concat(tables, ignore_index=True)), (len(values), -1)).mean(axis=1)
    return [[_shown(value, column), float(mean)] for value, mean in zip(values, means, strict=True)]


def _values(column: Column, present: pd.Series) -> list[Any]:
    """The most frequent categories, or values that have as many rows between them."""
    if column.type in ("category", "boolean"):
        return sorted(present.value_counts().index[:POINTS])
    quantiles = present.quantile(np.linspace(0.02, 0.98, POINTS), interpolation="nearest")
    return sorted(quantiles.dropna().unique())


def _shown(value: Any, column: Column) -> Any:
    if column.type == "boolean":
        return str(bool(value)).lower()
    return f"{value:%Y-%m-%d}" if column.type == "date" else value if column.type == "category" else float(value)
