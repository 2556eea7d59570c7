"""Estimators of other libraries than scikit-learn, a module for each, imported only when [model] names it.

A module has `estimator(settings)`: something with scikit-learn's fit, predict, predict_proba and get_params, whose
state skops can keep without a pickle (TRUSTED in training/model.py). Its packages wait in requirements/model.txt.
"""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from training.settings import Settings, SettingsError


def imported(name: str) -> Callable[[Settings], Any]:
    """The estimator of training/frameworks/<name>.py, once it is asked for."""

    def estimator(settings: Settings) -> Any:
        try:
            return import_module(f"training.frameworks.{name}").estimator(settings)
        except ModuleNotFoundError as missing:
            raise SettingsError(
                f"project.toml: [model]: {settings.model.name} needs {missing.name}, which is not installed; "
                "take the # away from its lines in requirements/model.txt."
            ) from None

    return estimator


def gpus() -> int:
    """How many GPUs the instance type brought: what SM_NUM_GPUS says, or else the NVIDIA devices that are there."""
    told = os.environ.get("SM_NUM_GPUS")
    return int(told) if told else len(list(Path("/dev").glob("nvidia[0-9]*")))
