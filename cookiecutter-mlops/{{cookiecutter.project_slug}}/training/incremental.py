"""Fit on more rows than fit into memory: batch by batch, or on a matrix on disk that is mapped into memory.

Batch by batch learn estimators that have `partial_fit`: linear models by stochastic gradient descent (SGDRegressor,
SGDClassifier), MiniBatchKMeans, naive Bayes and others. A mapped matrix is for boosters (LightGBM, XGBoost), which go
through it once and keep a byte for each value.
"""

import itertools
import math
import tempfile
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from training.checkpoint import NOWHERE, Checkpoints

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
    happened. Several machines learn from their shares, and the mean of their lines is the model.
    """
    known = _fit_first_steps(pipeline, learn, inputs, answers)
    classes = {"classes": np.unique(known)} if known is not None and is_classifier(pipeline[-1]) else {}
    done, state = checkpoints.newest() or (0, b"")
    last = skops.io.loads(state) if state else pipeline[-1]
    for place, (matrix, truth) in enumerate(transformed(pipeline, learn, inputs, answers, passes(learn)), start=1):
        if place <= done:
            continue
        order = np.random.default_rng((learn.settings.data.seed, place)).permutation(matrix.shape[0])
        last.partial_fit(matrix[order], None if truth is None else truth[order], **classes)
        if checkpoints.kept and place % BETWEEN == 0:
            checkpoints.save(place, skops.io.dumps(last))
    if len(learn.machines) > 1:
        _average(last, learn)
    return Pipeline([*pipeline.steps[:-1], (pipeline.steps[-1][0], last)])


def _average(last: Any, learn: "Shards") -> None:
    """Zinkevich et al., Parallelized stochastic gradient descent (2010), algorithm 3, weighted by rows."""
    for name in ("coef_", "intercept_"):
        setattr(last, name, learn.mean(getattr(last, name)))


def fit_mapped(
    pipeline: Pipeline, learn: "Shards", inputs: Prepare, answers: Prepare, checkpoints: Checkpoints = NOWHERE
) -> Pipeline:
    """Fit the steps before the last on a sample, and the last one on a matrix that the system reads from disk."""
    _fit_first_steps(pipeline, learn, inputs, answers)
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        matrix, truth = _mapped(pipeline, learn, inputs, answers, Path(folder) / "matrix.npy")
        pipeline[-1].fit(matrix, truth, **kept(pipeline[-1], checkpoints))
    return pipeline


def kept(estimator: Any, checkpoints: Checkpoints) -> dict[str, Any]:
    """What an estimator is fitted with beside rows: checkpoints, if its `fit` knows to go on from them."""
    return {"checkpoints": checkpoints} if "checkpoints" in signature(estimator.fit).parameters else {}


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


def _fit_first_steps(
    pipeline: Pipeline, learn: "Shards", inputs: Prepare, answers: Prepare | None
) -> np.ndarray | None:
    """What prepares a row learns from a sample, whose answers are returned."""
    some = learn.sample()
    known = None if answers is None else np.asarray(answers(some))
    for place, (_, step) in enumerate(pipeline.steps[:-1]):
        step.fit(pipeline[:place].transform(inputs(some)) if place else inputs(some), known)
    return known


def _mapped(
    pipeline: Pipeline, learn: "Shards", inputs: Prepare, answers: Prepare, file: Path
) -> tuple[np.ndarray, np.ndarray]:
    """All rows of this machine as one matrix in a file, and their answers; the rows that it is lent come last."""
    lent = _lent(learn, answers) if is_classifier(pipeline[-1]) and len(learn.machines) > 1 else []
    matrix, truths, first, wanted = None, [], 0, learn.own + sum(map(len, lent))
    for rows in itertools.chain(learn, lent):
        part = pipeline[:-1].transform(inputs(rows))
        if matrix is None:
            matrix = np.lib.format.open_memmap(file, mode="w+", dtype=np.float64, shape=(wanted, part.shape[1]))
        matrix[first : first + part.shape[0]] = part.toarray() if hasattr(part, "toarray") else part
        first += part.shape[0]
        truths.append(np.asarray(answers(rows)))
    if matrix is None or first != wanted:
        raise AssertionError(f"{first} of {wanted} rows were read")
    return matrix, np.concatenate(truths)


def _lent(learn: "Shards", answers: Prepare) -> list[pd.DataFrame]:
    """One row of each class that other machines have and this one lacks: a booster learns the classes that it sees."""
    own = {known for rows in learn for known in answers(rows).unique()}
    some = learn.sample()
    known = answers(some)
    lacking = some[~known.isin(own) & ~known.duplicated()]
    return [lacking] if len(lacking) else []
