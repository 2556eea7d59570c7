"""What can be fitted, by the names that [model] of project.toml knows: on a table, or on more rows than memory."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from training.frameworks import imported
from training.settings import Settings, SettingsError

Make = Callable[[Settings], BaseEstimator]
Build = Callable[[Settings], Pipeline]


def estimator(settings: Settings) -> Pipeline:
    """The pipeline that [model] names, to be fitted on a table."""
    return ESTIMATORS.get(settings.model.name, _unknown)(settings)


def estimator_beyond_memory(settings: Settings) -> Pipeline:
    """Its like for more rows than fit into memory; a SettingsError where there is none."""
    if settings.model.name in ESTIMATORS.keys() - BEYOND_MEMORY.keys():
        raise SettingsError(
            f"project.toml: [model]: {settings.model.name} learns in memory, and these rows do not fit into it; "
            f"name one that learns from disk ({', '.join(BEYOND_MEMORY)}), or give a larger training_instance_type."
        )
    return BEYOND_MEMORY.get(settings.model.name, _unknown)(settings)


def _trees(make: Make) -> Build:
    """Trees on columns as they are: missing values have a branch of their own, nothing is scaled."""
    # Codes, split like numbers: `categorical_features` gained nothing here, and is saved as functions that a
    # safe file cannot hold. A category never seen before counts as missing.
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return lambda settings: make_pipeline(_by_category(settings, encoder, "passthrough"), _tuned(make, settings))


def _scaled(make: Make) -> Build:
    """Numbers around 0, a column for each category, and for what is missing."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    encoder = OneHotEncoder(handle_unknown="ignore")
    return lambda settings: make_pipeline(_by_category(settings, encoder, numbers), _tuned(make, settings))


def _boosting(settings: Settings) -> BaseEstimator:
    classify = settings.problem.type == "classification"
    kind = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    return kind(random_state=settings.data.seed)


def _line(settings: Settings) -> BaseEstimator:
    """A line to compare with: one coefficient a number, one a category."""
    return LogisticRegression(max_iter=1000) if settings.problem.type == "classification" else Ridge()


def _line_in_batches(settings: Settings) -> BaseEstimator:
    """The same line by stochastic gradient descent, which sees a batch at a time and averages where it has been."""
    classify, seed = settings.problem.type == "classification", settings.data.seed
    kind = SGDClassifier("log_loss", random_state=seed) if classify else SGDRegressor(random_state=seed)
    return kind.set_params(average=True)


def _unknown(settings: Settings) -> Pipeline:
    known = ", ".join(ESTIMATORS)
    raise SettingsError(f"project.toml: [model]: name must be one of {known} (now: {settings.model.name!r}).")


def _by_category(settings: Settings, encoder: BaseEstimator, remainder: Any) -> ColumnTransformer:
    names = [column.name for column in settings.features if column.type == "category"]
    return ColumnTransformer([("categories", encoder, names)], remainder=remainder)


def _tuned(make: Make, settings: Settings) -> BaseEstimator:
    estimator = make(settings)
    known = estimator.get_params()
    for name in settings.model.hyperparameters.keys() - known.keys():
        raise SettingsError(f"project.toml: [model.hyperparameters]: {name!r} is none of {', '.join(sorted(known))}.")
    return estimator.set_params(**settings.model.hyperparameters)


ESTIMATORS: dict[str, Build] = {
    "gradient-boosting": _trees(_boosting),
    "linear": _scaled(_line),
    "lightgbm": _trees(imported("lightgbm")),
    "xgboost": _trees(imported("xgboost")),
    "pytorch": _scaled(imported("pytorch")),
    "keras": _scaled(imported("keras")),
}
BEYOND_MEMORY: dict[str, Build] = {
    "linear": _scaled(_line_in_batches),
    "lightgbm": ESTIMATORS["lightgbm"],
    "xgboost": ESTIMATORS["xgboost"],
    "pytorch": ESTIMATORS["pytorch"],
}
