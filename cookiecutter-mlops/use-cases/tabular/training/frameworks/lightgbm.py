"""LightGBM: gradient boosting that is fast on the CPU. Missing values have a branch of their own."""

from typing import Any

import lightgbm
from lightgbm import LGBMClassifier, LGBMRegressor

from training.checkpoint import NOWHERE, Checkpoints
from training.frameworks.rounds import remaining
from training.settings import Settings


class Kept:
    """Goes on from its checkpoints; random forests and dropped trees (dart), which do not add up, begin again."""

    def fit(self, X: Any, y: Any, checkpoints: Checkpoints = NOWHERE, **options: Any) -> Any:
        asked: Any = self
        if asked.boosting_type != "gbdt":
            return super().fit(X, y, **options)  # type: ignore[misc]
        with remaining(asked, asked.n_estimators, checkpoints) as (state, keep):
            begun = lightgbm.Booster(model_str=state.decode()) if state else None

            def after(step: Any) -> None:
                keep(step.iteration - step.begin_iteration + 1, lambda: step.model.model_to_string().encode())

            super().fit(X, y, init_model=begun, callbacks=[after], **options)  # type: ignore[misc]
        return self


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
