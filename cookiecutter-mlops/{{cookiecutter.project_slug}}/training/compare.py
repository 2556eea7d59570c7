"""The candidate beside other models, row by row on the hold-out: the numbers that training/evaluate.py judges.

The live model is read from the channel `champion` and asked about the very rows that the candidate is judged on. A row
stays on its side of the hold-out for ever (training/data.py), so that neither model has learned from them.

It is this commit's code that reads it. Where that makes it answer otherwise than its own code did, the comparison would
be one of two new models: then it is not made, and the gate goes by what was recorded.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from inference import handler
from training import artifact, model
from training.settings import Settings

DRAWS = 2000
CONFIDENCE = 0.95
AT_ONCE = 10_000_000  # numbers that one batch of draws may hold: 80 MB

Scores = tuple[dict[str, float], np.ndarray]  # the metrics of a model, and the loss of each row


def live_scores(archive: Path, rows: Any, settings: Settings, version: str) -> Scores | str | None:
    """What the live model reaches on these rows of a data version; why it cannot be asked; None where there is none."""
    if not archive.is_file():
        return None
    with tempfile.TemporaryDirectory() as folder:
        try:
            artifact.unpack(archive, Path(folder))
            return _asked(Path(folder), rows, settings, version)
        except Exception as error:  # written by other code for other columns, it may fail in any way
            return f"the live model cannot be asked about these rows ({type(error).__name__}: {error})"[:300]


def _asked(folder: Path, rows: Any, settings: Settings, version: str) -> Scores | str:
    manifest, metric = artifact.verify(folder), settings.problem.metric
    served = handler.restore(folder)
    for sample in json.loads((folder / "samples.json").read_text()):
        answer = handler.predict(served, sample["request"]["instances"])
        if not artifact.same(answer, sample["response"], sample.get("likeness", 1.0)):
            return f"under this commit's code the live model answers {answer}, it was {sample['response']}"[:300]
    scores = model.evaluate(model.restore(folder), rows, settings)
    now, then = scores[0][metric], manifest["metrics"].get(metric)
    if manifest["data_version"] == version and not artifact.same(now, then):
        return f"under this commit's code the live model's {metric} is {now:.6g} on the data where it was {then}"
    return scores


def with_live(losses: np.ndarray, live: Scores | str | None, settings: Settings) -> dict[str, Any] | None:
    """How much of the live model's loss is gone, with a bootstrap interval."""
    if live is None:
        return None
    version = {"version": os.environ.get("MLOPS_LIVE_VERSION", "")}
    if isinstance(live, str):
        return version | {"problem": live}
    values, theirs = live
    gone, interval = improvement(losses, theirs, settings.data.seed)
    return version | {
        "value": values[settings.problem.metric],
        "metrics": values,
        "improvement": gone,
        "interval": interval,
        "confidence": CONFIDENCE,
    }


def improvement(losses: np.ndarray, theirs: np.ndarray, seed: int) -> tuple[float, tuple[float, float]]:
    """The share of their mean loss that is gone, and its percentile bootstrap interval over pairs of losses.

    Both arrays hold one number a row, less is better. NaN where a loss is no finite number, or there is none to lose.
    Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    gained, reference = theirs - losses, float(np.mean(theirs))
    if not gained.any():  # also two perfect models
        return 0.0, (0.0, 0.0)
    if not (np.isfinite(gained).all() and reference > 0):
        return np.nan, (np.nan, np.nan)
    low, high = stats.bootstrap(
        (gained,),
        np.mean,
        n_resamples=DRAWS,
        batch=max(1, AT_ONCE // len(gained)),
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(gained.mean()) / reference, (float(low) / reference, float(high) / reference)


def slices(rows: Any, losses: np.ndarray, others: dict[str, np.ndarray], settings: Settings) -> list[dict[str, Any]]:
    """Mean losses for each value of each column of [gate.slices]: the candidate's, and other models' by their name."""
    return [entry for column in settings.gate.slices for entry in _slices(column, rows, losses, others)]


def _slices(column: str, rows: Any, losses: np.ndarray, others: dict[str, np.ndarray]) -> Iterator[dict[str, Any]]:
    values = np.asarray(model.groups(rows, column)).astype(str)
    for value in np.unique(values):
        chosen = values == value
        means = {name: float(theirs[chosen].mean()) for name, theirs in others.items()}
        mine = {"rows": int(chosen.sum()), "loss": float(losses[chosen].mean())}
        yield {"column": column, "value": str(value), **mine, **means}
