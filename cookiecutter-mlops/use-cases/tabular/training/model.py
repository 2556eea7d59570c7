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
from sklearn import metrics
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from training.baseline import describe
from training.data import load_table, split
from training.settings import Column, Settings, SettingsError

# What a model file may hold beside the public types of scikit-learn: the trees of the boosting, and plain arrays.
# Never trust what a file itself asks for: a type on this list is constructed while the file is read.
TRUSTED = ["numpy.dtype", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
SKEWED = 1.0  # from here on a target is worth the second fit that tries its logarithm


@dataclass(frozen=True)
class Model:
    """A fitted estimator and what is needed to feed it and to read its answers."""

    estimator: BaseEstimator
    columns: tuple[Column, ...]
    target: Column
    classification: bool
    log_target: bool


def load(source: Path, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to learn from and rows to judge on. Data with a time order deserves a split by date here."""
    return split(load_table(source, settings), settings)


def fit(learn: pd.DataFrame, settings: Settings) -> Model:
    """A fitted model; whether the logarithm of the target pays is tried on a part of the rows to learn from."""
    target = learn[settings.problem.target]
    # The target's skew is only a hint, and a cheap one; the metric decides.
    if settings.problem.type == "regression" and target.min() >= 0 and target.skew() > SKEWED:
        part, rest = split(learn, settings)
        errors = [_error(_fit(part, settings, log_target=log), rest, settings) for log in (False, True)]
        return _fit(learn, settings, log_target=errors[1] < errors[0])
    return _fit(learn, settings, log_target=False)


def evaluate(model: Model, learn: pd.DataFrame, judge: pd.DataFrame, settings: Settings) -> dict[str, dict[str, float]]:
    """The metrics of the model and of a trivial one (the mean, or the most frequent class) on the same rows."""
    trivial = DummyClassifier() if model.classification else DummyRegressor()
    trivial.fit(learn, answers_of(learn, model.target))
    dummy = Model(trivial, model.columns, model.target, model.classification, log_target=False)
    return {"metrics": _metrics(model, judge), "baseline": _metrics(dummy, judge)}


def baseline(model: Model, learn: pd.DataFrame) -> dict[str, Any]:
    """How each column, and the prediction, was distributed: what drift is measured against."""
    columns = {column.name: describe(learn[column.name], column.type) for column in model.columns}
    kind = "category" if model.classification else "number"
    prediction = describe(pd.Series(predict(model, learn)), kind)
    return {"rows": len(learn), "columns": columns, "prediction": prediction}


def save(model: Model, folder: Path) -> None:
    """Write the model as safe formats: skops for the estimator, JSON for the rest."""
    schema = {key: value for key, value in vars(model).items() if key != "estimator"}
    schema |= {"columns": [asdict(column) for column in model.columns], "target": asdict(model.target)}
    (folder / "schema.json").write_text(json.dumps(schema, indent=2, default=str))
    skops.io.dump(model.estimator, folder / "model.skops")


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


def _fit(learn: pd.DataFrame, settings: Settings, log_target: bool) -> Model:
    estimator = ESTIMATORS.get(settings.model.name, _unknown)(settings)
    answers = answers_of(learn, settings.target)
    estimator.fit(features(learn, settings.features), np.log1p(answers) if log_target else answers)
    return Model(estimator, settings.features, settings.target, settings.problem.type == "classification", log_target)


def _error(model: Model, rows: pd.DataFrame, settings: Settings) -> float:
    value = _metrics(model, rows)[settings.problem.metric]
    return -value if settings.higher_is_better else value


def _metrics(model: Model, rows: pd.DataFrame) -> dict[str, float]:
    truth, answers = answers_of(rows, model.target), predict(model, rows)
    found = score(truth, answers, model.classification)
    if not model.classification:
        return found
    shares = probabilities(model, rows)
    return found | {"log_loss": float(metrics.log_loss(truth, shares, labels=list(shares)))}


def _gradient_boosting(settings: Settings) -> BaseEstimator:
    """Trees on columns as they are: missing values have a branch of their own, nothing is scaled."""
    # Codes, split like numbers: `categorical_features` gained nothing here, and is saved as functions that a
    # safe file cannot hold. A category never seen before counts as missing.
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    classify = settings.problem.type == "classification"
    boosting = (HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor)(
        random_state=settings.data.seed
    )
    return make_pipeline(_by_category(settings, encoder, "passthrough"), _tuned(boosting, settings))


def _linear(settings: Settings) -> BaseEstimator:
    """A line to compare with: one coefficient a number, one a category."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    kind = LogisticRegression(max_iter=1000) if settings.problem.type == "classification" else Ridge()
    columns = _by_category(settings, OneHotEncoder(handle_unknown="ignore"), numbers)
    return make_pipeline(columns, _tuned(kind, settings))


def _unknown(settings: Settings) -> BaseEstimator:
    known = ", ".join(ESTIMATORS)
    raise SettingsError(f"project.toml: [model]: name must be one of {known} (now: {settings.model.name!r}).")


ESTIMATORS = {"gradient-boosting": _gradient_boosting, "linear": _linear}


def _by_category(settings: Settings, encoder: BaseEstimator, remainder: Any) -> ColumnTransformer:
    names = [column.name for column in settings.features if column.type == "category"]
    return ColumnTransformer([("categories", encoder, names)], remainder=remainder)


def _tuned(estimator: BaseEstimator, settings: Settings) -> BaseEstimator:
    known = estimator.get_params()
    for name in settings.model.hyperparameters.keys() - known.keys():
        raise SettingsError(f"project.toml: [model.hyperparameters]: {name!r} is none of {', '.join(sorted(known))}.")
    return estimator.set_params(**settings.model.hyperparameters)


def _column(entry: dict[str, Any]) -> Column:
    return Column(**entry | {"categories": tuple(entry["categories"])})
