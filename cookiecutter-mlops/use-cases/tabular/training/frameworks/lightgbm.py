"""LightGBM: gradient boosting that is fast on the CPU. Missing values have a branch of their own.

Each of several machines counts in its own rows, LightGBM adds the counts over its sockets, and all grow the same trees:
https://lightgbm.readthedocs.io/en/stable/Parallel-Learning-Guide.html, tree learner `data`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightgbm
from lightgbm import LGBMClassifier, LGBMRegressor

from training import hosts
from training.checkpoint import NOWHERE, Checkpoints
from training.frameworks.rounds import remaining
from training.settings import Settings


class Kept:
    """Goes on from its checkpoints; random forests and dropped trees (dart), which do not add up, begin again."""

    def fit(self, X: Any, y: Any, checkpoints: Checkpoints = NOWHERE, **options: Any) -> Any:
        asked: Any = self
        if asked.boosting_type != "gbdt":
            with together(asked):
                return super().fit(X, y, **options)  # type: ignore[misc]
        with remaining(asked, asked.n_estimators, checkpoints) as (state, keep), together(asked):
            begun = lightgbm.Booster(model_str=state.decode()) if state else None

            def after(step: Any) -> None:
                keep(step.iteration - step.begin_iteration + 1, lambda: step.model.model_to_string().encode())

            super().fit(X, y, init_model=begun, callbacks=[after], **options)  # type: ignore[misc]
        return self


@contextmanager
def together(asked: Any) -> Iterator[None]:
    """Ask for one model of all machines; what describes them is not kept, as in LightGBM's own module for Dask."""
    machines = hosts.here()
    if len(machines) == 1:
        yield
        return
    places = machines.every(machines.free_place())
    network = {
        "machines": ",".join(f"{address}:{port}" for address, port in places),
        "local_listen_port": places[machines.rank][1],
        "num_machines": len(machines),
        "tree_learner": "data",
    }
    asked.set_params(**network)
    yield
    asked.booster_.free_network()
    for name in network:
        asked._other_params.pop(name)
        delattr(asked, name)


class Regressor(Kept, LGBMRegressor):
    """Numbers."""


class Classifier(Kept, LGBMClassifier):
    """Classes."""


def estimator(settings: Settings) -> Regressor | Classifier:
    """The same trees for the same seed, whatever the number of cores."""
    kind = Classifier if settings.problem.type == "classification" else Regressor
    same: dict[str, Any] = {"random_state": settings.data.seed, "deterministic": True, "force_row_wise": True}
    # The wheel has no CUDA; an image with OpenCL trains on a GPU by the hyperparameter device_type = "gpu".
    return kind(**same, device_type="cpu", verbosity=-1)
