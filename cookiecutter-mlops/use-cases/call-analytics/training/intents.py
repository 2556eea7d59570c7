"""Which intents a turn has: a linear model on words, pieces of words, the turn before, and the place in the call."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from training.settings import Settings, SettingsError
from training.turns import PLACES

WORD = r"\b\w+\b"  # "i" and "a", too
AROUND = 0.5  # weight of what is around a turn, beside its own words
SECOND = 0.3  # score from which a turn has an intent beside its strongest one; 0 finds more that are not there


def estimator(settings: Settings) -> Pipeline:
    """The pipeline that [model] names, to be fitted on training/turns.py's rows and a column for each intent."""
    if settings.model.name not in ESTIMATORS:
        known = ", ".join(ESTIMATORS)
        raise SettingsError(f"project.toml: [model]: name must be one of {known} (now: {settings.model.name!r}).")
    one = ESTIMATORS[settings.model.name](settings.data.seed)
    known = one.get_params()
    for name in settings.model.hyperparameters.keys() - known.keys():
        raise SettingsError(f"project.toml: [model.hyperparameters]: {name!r} is none of {', '.join(sorted(known))}.")
    one.set_params(**settings.model.hyperparameters)
    try:
        clone(one).fit([[0.0], [1.0]], [0, 1])  # scikit-learn looks at values when it fits
    except (ValueError, TypeError) as error:
        raise SettingsError(f"project.toml: [model.hyperparameters]: {error}") from None
    return make_pipeline(_encoder(), OneVsRestClassifier(one))


def decide(scores: np.ndarray) -> np.ndarray:
    """Zeros and ones from a score for each turn and intent: always the strongest, others only if they are sure."""
    chosen = scores > SECOND
    chosen[np.arange(len(scores)), scores.argmax(axis=1)] = True
    return chosen.astype(np.int8)


def _encoder() -> ColumnTransformer:
    common: dict[str, Any] = {"sublinear_tf": True}
    return ColumnTransformer(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), token_pattern=WORD, **common), "text"),
            ("pieces", TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), min_df=2, **common), "text"),
            ("before", TfidfVectorizer(ngram_range=(1, 2), min_df=2, **common), "previous"),
            ("place", "passthrough", PLACES),
        ],
        transformer_weights={"before": AROUND, "place": AROUND},
    )


ESTIMATORS: dict[str, Callable[[int], BaseEstimator]] = {
    "linear-svm": lambda seed: LinearSVC(random_state=seed),
    "logistic": lambda seed: LogisticRegression(max_iter=1000, random_state=seed),
}
