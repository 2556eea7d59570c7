"""Fit on more rows than fit into memory: batch by batch, by estimators that have `partial_fit`.

Linear models by stochastic gradient descent (SGDRegressor, SGDClassifier), MiniBatchKMeans, naive Bayes and others.
What has an iterator of its own for this (xgboost.DataIter, lightgbm.Sequence) takes its arrays from `transformed`.
"""

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from training.checkpoint import Checkpoints

if TYPE_CHECKING:
    from training.shards import Shards

ENOUGH = 1_000_000  # rows after which gradient descent has converged, as a rule of scikit-learn's user guide, 1.5.5
BETWEEN = 20  # batches between two checkpoints

Prepare = Callable[[pd.DataFrame], Any]


def fit_in_batches(
    pipeline: Pipeline, learn: "Shards", inputs: Prepare, answers: Prepare | None, checkpoints: Checkpoints
) -> Pipeline:
    """Fit the steps before the last on a sample, and the last one by `partial_fit` on every row.

    `inputs` and `answers` (None: there are none) prepare a batch. What goes on from a checkpoint ends as if nothing had
    happened.
    """
    some = learn.sample()
    known = None if answers is None else np.asarray(answers(some))
    for place, (_, step) in enumerate(pipeline.steps[:-1]):
        step.fit(pipeline[:place].transform(inputs(some)) if place else inputs(some), known)
    classes = {"classes": np.unique(known)} if known is not None and is_classifier(pipeline[-1]) else {}
    done, state = checkpoints.newest() or (0, b"")
    last = skops.io.loads(state) if state else pipeline[-1]
    for place, (matrix, truth) in enumerate(transformed(pipeline, learn, inputs, answers, passes(learn)), start=1):
        if place <= done:
            continue
        order = np.random.default_rng((learn.settings.data.seed, place)).permutation(matrix.shape[0])
        last.partial_fit(matrix[order], None if truth is None else truth[order], **classes)
        if place % BETWEEN == 0:
            checkpoints.save(place, skops.io.dumps(last))
    return Pipeline([*pipeline.steps[:-1], (pipeline.steps[-1][0], last)])


def passes(learn: "Shards") -> int:
    """How often all rows are gone through: few rows need to be seen again."""
    return max(1, math.ceil(ENOUGH / max(len(learn), 1)))


def transformed(
    pipeline: Pipeline, learn: "Shards", inputs: Prepare, answers: Prepare | None, times: int = 1
) -> Iterator[tuple[Any, Any]]:
    """Batch after batch what the last step of a pipeline learns from: a matrix, and the answers or None."""
    for _ in range(times):
        for rows in learn:
            yield pipeline[:-1].transform(inputs(rows)), None if answers is None else np.asarray(answers(rows))
