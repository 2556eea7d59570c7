"""Is the live model as good as it was in training? Known only when ground truth arrives, days later and never complete.

Ground truth is joined by inference id, in SageMaker's format, where a request with several instances has a list:

    {"groundTruthData": {"data": "412.5", "encoding": "CSV"}, "eventMetadata": {"eventId": "…"}, "eventVersion": "0"}

`python -m pipelines.ground_truth FILE` uploads it; answers come from the small logs that each monitored window leaves.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from monitoring.capture import drawn
from training import model
from training.cells import BOOLEANS, Wrong, reader
from training.settings import METRICS, Settings

LIMIT = 1_000_000  # labels in memory; above that, a smaller and smaller sample of the ids
POINTS = 50  # in a series
RESAMPLES = 200
ENDLESS = 1000.0  # the growth of an error that was nothing in training: JSON and CloudWatch have no infinity
CONFIDENCE = 0.95
Key = tuple[str, int]


class Labels:
    """Ground truth by inference id and place; a later label of the same answer replaces the earlier one."""

    def __init__(self, settings: Settings, limit: int = LIMIT):
        self.values: dict[Key, Any] = {}
        self.share, self.limit, self.unreadable, self.target = 1.0, limit, 0, settings.target

    def read(self, folder: Path) -> "Labels":
        """Take every file of a folder, in the order of the hours in which it arrived."""
        for path in sorted(folder.rglob("*.jsonl")):
            with path.open("rb") as file:
                for line in filter(bytes.strip, file):
                    self._take(line)
        return self

    def _take(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            key = entry["eventMetadata"]["eventId"]
            values = [self._typed(value) for value in _listed(entry["groundTruthData"])]
        except (ValueError, KeyError, TypeError, Wrong):
            self.unreadable += 1
            return
        if drawn(key, self.share):
            self.values.update({(key, place): value for place, value in enumerate(values) if value is not None})
        while len(self.values) > self.limit:
            self.share /= 2
            self.values = {key: value for key, value in self.values.items() if drawn(key[0], self.share)}

    def _typed(self, value: Any) -> Any:
        """The value as the model answers it; None where this place of a request has no label yet."""
        if value is None or value == "":
            return None
        if self.target.type == "number":
            return float(value)
        if self.target.type == "boolean":
            return bool(BOOLEANS[str(value).lower()])
        if self.target.type == "labels":
            return reader(self.target)(value)
        return json.dumps(value) if isinstance(value, dict) else str(value)


@dataclass(frozen=True)
class Joined:
    """Answers whose truth is known, in the order of time."""

    hours: list[str]
    truths: list[Any]
    answers: list[Any]


def joined(labels: Labels, logs: list[Path]) -> Joined:
    """Stream the answers of prediction logs past the labels."""
    found = Joined([], [], [])
    for path in sorted(logs) if labels.values else []:  # nothing is joined with nothing
        for key, hour, answer in _answers(path):
            if key in labels.values:
                found.hours.append(hour)
                found.truths.append(labels.values[key])
                found.answers.append(answer)
    return found


def assess(found: Joined, trained: dict[str, float], settings: Settings) -> dict[str, Any]:
    """The metric over time with intervals, and whether its newest value is a loss against training."""
    metric = _metric(trained, settings)
    higher = METRICS[settings.problem.type][metric]
    points = [point(found, part, metric, settings) for part in parts(found.hours, settings.drift.minimum_labels)]
    result: dict[str, Any] = {
        "metric": metric,
        "higher_is_better": higher,
        "trained": trained[metric],
        "labels": len(found.hours),
    }
    result |= {"minimum_labels": settings.drift.minimum_labels, "points": points, "loss": None, "violated": False}
    if points:
        newest = points[-1]
        result["loss"] = loss(newest["value"], trained[metric], higher)
        kindest = newest["high"] if higher else newest["low"]
        surely = loss(float(kindest), trained[metric], higher) > 0
        result["violated"] = bool(surely and result["loss"] >= settings.drift.quality_loss)
    return result


def parts(hours: list[str], minimum: int) -> list[np.ndarray]:
    """Places of answers, cut into stretches of whole hours that hold at least `minimum` labels each."""
    order = np.argsort(np.array(hours, dtype=str), kind="stable")
    minimum = max(minimum, len(hours) // POINTS)
    cuts: list[np.ndarray] = []
    start = 0
    for place in range(1, len(order) + 1):
        ends = place == len(order) or hours[order[place]] != hours[order[place - 1]]
        if ends and place - start >= minimum:
            cuts.append(order[start:place])
            start = place
    if cuts and start < len(order):  # what is left is too little for a point of its own
        cuts[-1] = np.concatenate([cuts[-1], order[start:]])
    return cuts


def point(found: Joined, places: np.ndarray, metric: str, settings: Settings) -> dict[str, Any]:
    """The metric of some answers, with the percentile interval of a bootstrap."""
    kind: Any = float if settings.problem.type == "regression" else str
    truths = np.array([found.truths[place] for place in places], dtype=kind)
    answers = np.array([found.answers[place] for place in places], dtype=kind)

    def statistic(chosen: np.ndarray) -> float:
        chosen = chosen.astype(int)
        return model.score(truths[chosen], answers[chosen], settings.problem.type == "classification")[metric]

    drawn_places = np.arange(len(places))
    interval = stats.bootstrap(
        (drawn_places,), statistic, n_resamples=RESAMPLES, vectorized=False, method="percentile",
        confidence_level=CONFIDENCE, rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    hours = [found.hours[place] for place in places]
    span = {"from": min(hours), "to": max(hours), "rows": len(places)}
    return span | {"value": statistic(drawn_places), "low": float(interval.low), "high": float(interval.high)}


def loss(value: float, trained: float, higher: bool) -> float:
    """By which share the error has grown: 0.1 is a tenth more error than in training, below 0 is better."""
    error, reference = (1 - value, 1 - trained) if higher else (value, trained)
    if reference > 0:
        return error / reference - 1
    return 0.0 if error <= 0 else ENDLESS


def _metric(trained: dict[str, float], settings: Settings) -> str:
    """The project's metric, or where it needs more than the answers (log_loss) the first that does not."""
    usable = [name for name in METRICS[settings.problem.type] if name in trained and name not in model.UNANSWERED]
    return settings.problem.metric if settings.problem.metric in usable else usable[0]


def _listed(data: dict[str, Any]) -> list[Any]:
    if data.get("encoding") == "JSON":
        value = json.loads(data["data"])
        return value if isinstance(value, list) else [value]
    return next(csv.reader(io.StringIO(str(data["data"]))), [])


def _answers(path: Path) -> Iterator[tuple[Key, str, Any]]:
    with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
        for key, place, hour, answer in csv.reader(file):
            yield (key, int(place)), hour, json.loads(answer)
