"""LightGBM: gradient boosting that is fast on the CPU. Missing values have a branch of their own."""

from lightgbm import LGBMClassifier, LGBMRegressor

from training.settings import Settings


def estimator(settings: Settings) -> LGBMClassifier | LGBMRegressor:
    """The same trees for the same seed, whatever the number of cores."""
    kind = LGBMClassifier if settings.problem.type == "classification" else LGBMRegressor
    # Its wheel has no CUDA; an image with OpenCL trains on a GPU by the hyperparameter device_type = "gpu".
    return kind(random_state=settings.data.seed, deterministic=True, force_row_wise=True, verbosity=-1)
