"""LightGBM: gradient boosting that is fast on the CPU. Missing values have a branch of their own."""

from typing import Any

from lightgbm import LGBMClassifier, LGBMRegressor

from training.settings import Settings


def estimator(settings: Settings) -> LGBMClassifier | LGBMRegressor:
    """The same trees for the same seed, whatever the number of cores."""
    kind = LGBMClassifier if settings.problem.type == "classification" else LGBMRegressor
    same: dict[str, Any] = {"random_state": settings.data.seed, "deterministic": True, "force_row_wise": True}
    # The wheel has no CUDA; an image with OpenCL trains on a GPU by the hyperparameter device_type = "gpu".
    return kind(**same, device_type="cpu", verbosity=-1)
