"""XGBoost: gradient boosting that learns on a GPU where the instance type has one. Missing values have a branch.

It computes in single precision, the last step too: what becomes of a sum of trees (a probability, a number that is
read as a logarithm) is computed here in double precision, so that a serving plan can say the same.

Each of several machines counts in its own rows, XGBoost adds the counts, and all grow the same trees.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from xgboost import Booster, XGBClassifier, XGBRegressor
from xgboost.callback import TrainingCallback
from xgboost.collective import CommunicatorContext
from xgboost.tracker import RabitTracker

from training import hosts
from training.checkpoint import NOWHERE, Checkpoints
from training.frameworks import gpus
from training.frameworks.rounds import remaining
from training.settings import Settings


class Keep(TrainingCallback):
    """Hands the booster over after each tree."""

    def __init__(self, keep: Any) -> None:
        self.keep, self.trees = keep, 0

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        self.trees += 1
        self.keep(self.trees, lambda: bytes(model.save_raw()))
        return False


class Kept:
    """Goes on from its checkpoints; dropped trees (dart), which do not add up, begin again."""

    def grow(self, X: Any, y: Any, checkpoints: Checkpoints, **options: Any) -> None:
        asked: Any = self
        if asked.booster not in (None, "gbtree"):
            with together():
                super().fit(X, y, **options)  # type: ignore[misc]
            return
        with remaining(asked, asked.get_num_boosting_rounds(), checkpoints) as (state, keep), together():
            asked.set_params(callbacks=[Keep(keep)])
            begun = Booster(model_file=bytearray(state)) if state else None
            super().fit(X, y, xgb_model=begun, **options)  # type: ignore[misc]
            asked.set_params(callbacks=None)


@contextmanager
def together() -> Iterator[None]:
    """Let all machines learn one model, joined by the first one."""
    machines = hosts.here()
    if len(machines) == 1:
        yield
        return
    tracker = RabitTracker(n_workers=len(machines), host_ip=machines.free_place()[0], sortby="task")
    if machines.first:
        tracker.start()
    told = machines.every(tracker.worker_args() if machines.first else None)[0]
    with CommunicatorContext(**told, dmlc_task_id=f"{machines.rank:03}"):
        yield
    if machines.first:
        tracker.wait_for()


class Regressor(Kept, XGBRegressor):
    """Numbers in double precision."""

    def fit(self, X: Any, y: Any, checkpoints: Checkpoints = NOWHERE, **options: Any) -> "Regressor":
        self.grow(X, y, checkpoints, **options)
        return self.set_params(device="cpu")  # which answers, as a server without a GPU does

    def predict(self, X: Any, **options: Any) -> np.ndarray:
        return np.asarray(super().predict(X, **options), float)


class Classifier(Kept, XGBClassifier):
    """Classes by their names, where XGBoost only knows numbers, and probabilities in double precision."""

    names_: np.ndarray | None = None

    def fit(self, X: Any, y: Any, checkpoints: Checkpoints = NOWHERE, **options: Any) -> "Classifier":
        self.names_ = None  # while it learns, the classes are numbers
        names, codes = np.unique(np.asarray(y), return_inverse=True)
        self.grow(X, codes, checkpoints, **options)
        self.names_ = names
        return self.set_params(device="cpu")

    @property
    def classes_(self) -> np.ndarray:
        return super().classes_ if self.names_ is None else self.names_

    def predict(self, X: Any, **options: Any) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any, *_: Any, **options: Any) -> np.ndarray:
        sums = np.asarray(super().predict(X, output_margin=True), float)
        if sums.ndim == 1:
            yes = 1 / (1 + np.exp(-sums))
            return np.stack([1 - yes, yes], axis=1)
        powers = np.exp(sums - sums.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


def estimator(settings: Settings) -> Regressor | Classifier:
    """On the GPU where there is one, which asks for the package `xgboost` (`xgboost-cpu` has no CUDA)."""
    kind = Classifier if settings.problem.type == "classification" else Regressor
    return kind(random_state=settings.data.seed, device="cuda" if gpus() else "cpu")
