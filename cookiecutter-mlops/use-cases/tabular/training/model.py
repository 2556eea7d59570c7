"""The model: what a data scientist edits. Everything around it (the loop, the gate, the server) stays as it is.

A gradient boosting on a table of numbers, categories, booleans and dates, any of them missing. A skewed positive
target is learned as its logarithm where that gives the better metric. Settings: [model] in project.toml.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from pandas.api.types import is_float_dtype as is_float
from sklearn import metrics
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.pipeline import Pipeline

from training import artifact
from training.baseline import describe
from training.checkpoint import NOWHERE, Checkpoints
from training.data import Rows, in_memory, load_table, split
from training.estimators import estimator, estimator_beyond_memory
from training.incremental import Prepare, fit_in_batches, fit_mapped, kept
from training.settings import METRICS, Column, Settings

# What a model file may hold beside the public types of scikit-learn: trees of boosting, and plain arrays.
# Never trust what a file itself asks for: a type on this list is constructed while the file is read.
TRUSTED = ["collections.OrderedDict", "numpy.dtype", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
           "lightgbm.basic.Booster", "lightgbm.sklearn.LGBMClassifier", "lightgbm.sklearn.LGBMRegressor",
           "training.frameworks.lightgbm.Classifier", "training.frameworks.lightgbm.Regressor",
           "xgboost.core.Booster", "training.frameworks.xgboost.Classifier", "training.frameworks.xgboost.Regressor",
           "training.frameworks.network.Network"]  # fmt: skip
ROUND = 25  # trees between two checkpoints
UNANSWERED = ("log_loss",)  # metrics that answers alone do not give, when ground truth arrives
SKEWED = 1.0  # from here on a target is worth the second fit that tries its logarithm


@dataclass(frozen=True)
class Model:
    """A fitted estimator and what is needed to feed it and to read its answers."""

    estimator: BaseEstimator
    columns: tuple[Column, ...]
    target: Column
    classification: bool
    log_target: bool


def load(source: Path, settings: Settings) -> tuple[Rows, pd.DataFrame]:
    """Rows to learn from and rows to judge on. Data with a time order deserves a split by date here."""
    return split(load_table(source, settings), settings)


def fit(learn: Rows, settings: Settings, checkpoints: Checkpoints = NOWHERE) -> Model:
    """A fitted model; whether the logarithm of the target pays is tried on a part of the rows to learn from."""
    some = in_memory(learn)
    target = some[settings.problem.target]
    # The target's skew is only a hint, and a cheap one; the metric decides.
    if settings.problem.type == "regression" and target.min() >= 0 and target.skew() > SKEWED:
        part, rest = split(some, settings, purpose=1)
        trials = [_fit(part, settings, log, checkpoints.part(f"trial-{log}")) for log in (False, True)]
        errors = [_error(trial, rest, settings) for trial in trials]
        return _fit(learn, settings, errors[1] < errors[0], checkpoints.part("whole"))
    return _fit(learn, settings, False, checkpoints.part("whole"))


def trivial(learn: Rows, settings: Settings) -> Model:
    """The mean, or the most frequent class, whatever is asked."""
    some = in_memory(learn)
    classify = settings.problem.type == "classification"
    dummy = (DummyClassifier() if classify else DummyRegressor()).fit(some, answers_of(some, settings.target))
    return Model(dummy, settings.features, settings.target, classify, log_target=False)


def evaluate(model: Model, rows: pd.DataFrame, settings: Settings) -> tuple[dict[str, float], np.ndarray]:
    """The metrics of a model on rows, and its loss on each: what their mean would be for the metric of the gate."""
    truth, answers = answers_of(rows, settings.target), predict(model, rows)
    shares = probabilities(model, rows) if model.classification else None
    losses = _misses(truth, answers, settings) if shares is None else _surprises(truth, answers, shares, settings)
    return _metrics(truth, answers, shares, settings), losses


def groups(rows: pd.DataFrame, column: str) -> pd.Series:
    """The value of a column for each row, as people read it."""
    values = rows[column]
    return values.map({1.0: "true", 0.0: "false"}).fillna("missing") if is_float(values) else values.fillna("missing")


def baseline(model: Model, learn: Rows) -> dict[str, Any]:
    """How each column, and the prediction, was distributed: what drift is measured against."""
    some = in_memory(learn)
    columns = {column.name: describe(some[column.name], column.type) for column in model.columns}
    kind = "category" if model.classification else "number"
    prediction = describe(pd.Series(predict(model, some)), kind)
    return {"rows": len(learn), "columns": columns, "prediction": prediction}


def save(model: Model, folder: Path) -> None:
    """Write the model as safe formats: skops for the estimator, JSON for the rest."""
    schema = {key: value for key, value in vars(model).items() if key != "estimator"}
    schema |= {"columns": [asdict(column) for column in model.columns], "target": asdict(model.target)}
    (folder / "schema.json").write_text(json.dumps(schema, indent=2, default=str))
    (folder / "model.skops").write_bytes(artifact.reproducible(skops.io.dumps(model.estimator)))


def restore(folder: Path) -> Model:
    """The model of a folder; the caller has verified the folder's manifest."""
    schema = json.loads((folder / "schema.json").read_text())
    columns = tuple(_column(entry) for entry in schema.pop("columns"))
    estimator = skops.io.load(folder / "model.skops", trusted=TRUSTED)
    return Model(estimator, columns, _column(schema.pop("target")), **schema)


def predict(model: Model, rows: pd.DataFrame) -> np.ndarray:
    """Numbers, or the names of classes."""
    answers = model.estimator.predict(features(rows, model.columns))
    return np.expm1(answers) if model.log_target else answers


def probabilities(model: Model, rows: pd.DataFrame) -> pd.DataFrame:
    """The probability of each class, a column per class."""
    shares = model.estimator.predict_proba(features(rows, model.columns))
    return pd.DataFrame(shares, columns=model.estimator.classes_)


def score(truth: Any, answers: Any, classification: bool) -> dict[str, float]:
    """The metrics that true values and answers give: while a model is judged, and when ground truth arrives later."""
    if classification:
        return {
            "accuracy": float(metrics.accuracy_score(truth, answers)),
            "f1_macro": float(metrics.f1_score(truth, answers, average="macro")),
        }
    return {
        "mae": float(metrics.mean_absolute_error(truth, answers)),
        "rmse": float(metrics.root_mean_squared_error(truth, answers)),
        "r2": float(metrics.r2_score(truth, answers)),
    }


def features(rows: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """What the estimator sees: dates become a trend and two seasons, the rest stays as it is."""
    table = {}
    for column in columns:
        values = rows[column.name]
        if column.type == "date":
            table[f"{column.name} day"] = (values - pd.Timestamp(0)) / pd.Timedelta(days=1)
            table[f"{column.name} month"] = values.dt.month.astype(float)
            table[f"{column.name} weekday"] = values.dt.weekday.astype(float)
        else:
            table[column.name] = values
    return pd.DataFrame(table, index=rows.index)


def answers_of(rows: pd.DataFrame, target: Column) -> pd.Series:
    """The target as the estimator learns it: the classes of a boolean are named as in JSON."""
    values = rows[target.name]
    return values.map({1.0: "true", 0.0: "false"}) if target.type == "boolean" else values


def _fit(learn: Rows, settings: Settings, log_target: bool, checkpoints: Checkpoints) -> Model:
    def inputs(rows: pd.DataFrame) -> pd.DataFrame:
        return features(rows, settings.features)

    def answers(rows: pd.DataFrame) -> pd.Series:
        known = answers_of(rows, settings.target)
        return np.log1p(known) if log_target else known

    if not isinstance(learn, pd.DataFrame):
        fitted = _fit_beyond_memory(estimator_beyond_memory(settings), learn, inputs, answers, checkpoints)
    elif settings.model.name == "gradient-boosting":
        fitted = _fit_in_rounds(estimator(settings), inputs(learn), answers(learn), checkpoints)
    else:
        pipeline = estimator(settings)
        last = {f"{pipeline.steps[-1][0]}__{name}": one for name, one in kept(pipeline[-1], checkpoints).items()}
        fitted = pipeline.fit(inputs(learn), answers(learn), **last)
    return Model(fitted, settings.features, settings.target, settings.problem.type == "classification", log_target)


def _fit_beyond_memory(
    pipeline: Pipeline, learn: Rows, inputs: Prepare, answers: Prepare, checkpoints: Checkpoints
) -> Pipeline:
    if hasattr(pipeline[-1], "partial_fit"):
        return fit_in_batches(pipeline, learn, inputs, answers, checkpoints)
    return fit_mapped(pipeline, learn, inputs, answers, checkpoints)


def _fit_in_rounds(pipeline: Pipeline, inputs: pd.DataFrame, answers: pd.Series, checkpoints: Checkpoints) -> Pipeline:
    """Boost some trees at a time and keep each state: what goes on from one ends as if nothing had happened."""
    name, wanted = pipeline.steps[-1][0], pipeline[-1].max_iter
    done, state = checkpoints.newest() or (0, b"")
    if state:
        pipeline = skops.io.loads(state, trusted=TRUSTED)
    for trees in [*range(ROUND, wanted, ROUND), wanted]:
        if trees <= done or (done and pipeline[-1].n_iter_ < done):  # it had stopped early
            continue
        pipeline.set_params(**{f"{name}__max_iter": trees, f"{name}__warm_start": True}).fit(inputs, answers)
        done = trees
        if checkpoints.kept:
            checkpoints.save(done, skops.io.dumps(pipeline))
    return pipeline.set_params(**{f"{name}__max_iter": wanted, f"{name}__warm_start": False})


def _error(model: Model, rows: pd.DataFrame, settings: Settings) -> float:
    value = evaluate(model, rows, settings)[0][settings.problem.metric]
    return -value if settings.higher_is_better else value


def _metrics(
    truth: pd.Series, answers: np.ndarray, shares: pd.DataFrame | None, settings: Settings
) -> dict[str, float]:
    """Every metric; for answers that are no numbers NaN, which scikit-learn refuses to give and the gate to pass."""
    if not np.isfinite(answers if shares is None else shares.to_numpy()).all():
        return dict.fromkeys(METRICS[settings.problem.type], np.nan)
    log_loss = {} if shares is None else {"log_loss": float(metrics.log_loss(truth, shares, labels=list(shares)))}
    return score(truth, answers, shares is not None) | log_loss


def _misses(truth: pd.Series, answers: np.ndarray, settings: Settings) -> np.ndarray:
    distances = np.abs(answers - truth.to_numpy())
    return distances if settings.problem.metric == "mae" else distances**2


def _surprises(truth: pd.Series, answers: np.ndarray, shares: pd.DataFrame, settings: Settings) -> np.ndarray:
    """A row's part in the logarithmic loss, or 1 for a wrong answer; f1 has no part for a row, a miss stands for it."""
    if settings.problem.metric != "log_loss":
        return (answers != truth.to_numpy()).astype(float)
    given = shares.to_numpy()[np.arange(len(truth)), shares.columns.get_indexer(truth)]
    return -np.log(np.clip(given, np.finfo(float).eps, 1))


def _column(entry: dict[str, Any]) -> Column:
    return Column(**entry | {"categories": tuple(entry["categories"])})
