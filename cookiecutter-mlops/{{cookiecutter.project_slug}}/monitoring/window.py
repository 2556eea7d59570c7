"""One window of captured requests, hour by hour: what was asked, what was answered, which rules were broken."""

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from inference import handler
from monitoring.capture import Batch, Counts
from monitoring.sketch import Live, sketch
from training.settings import Settings

EXAMPLES = 5
PREDICTION = ""  # the name of the prediction among the columns: no column of a table can be called that


@dataclass
class Breach:
    """How often a rule was broken, with the first cases."""

    count: int = 0
    examples: list[tuple[str, Any]] = field(default_factory=list)

    def add(self, cases: Iterable[tuple[str, Any]], count: int) -> None:
        self.count += count
        self.examples += [case for case, _ in zip(cases, range(EXAMPLES - len(self.examples)), strict=False)]


class Window:
    """What a stream of batches becomes; its size depends on columns and hours, never on the traffic."""

    def __init__(self, baseline: dict[str, Any], settings: Settings):
        self.settings, self.counts = settings, Counts()
        self.expected = {**baseline["columns"], PREDICTION: baseline["prediction"]}
        self.hours: dict[str, dict[str, Live]] = {}
        self.wrong: dict[str, Breach] = defaultdict(Breach)
        self.unknown: Counter[str] = Counter()

    def add(self, batch: Batch) -> None:
        """Count a batch of instances."""
        values, wrong, unknown = handler.observed(batch.instances, self.settings)
        self.unknown.update(unknown)
        for name in wrong:
            self._note(batch, name, wrong[name].to_numpy())
        table = values[[name for name in self.expected if name in values]].assign(**{PREDICTION: batch.answers})
        for hour, rows in table.groupby(pd.Series(batch.hours), sort=False):
            for name in rows:
                self._sketch(str(hour), str(name)).add(_known(rows, str(name)), batch.keys)

    def column(self, name: str) -> Live:
        """All hours of a column together; examples of a later hour win."""
        total = sketch(self.expected[name])
        for hour in sorted(self.hours):
            if name in self.hours[hour]:
                total.merge(self.hours[hour][name])
        return total

    def _sketch(self, hour: str, name: str) -> Live:
        return self.hours.setdefault(hour, {}).setdefault(name, sketch(self.expected[name]))

    def _note(self, batch: Batch, name: str, wrong: Any) -> None:
        cases = ((batch.keys[place][0], batch.instances[place].get(name)) for place in wrong.nonzero()[0])
        if wrong.any():
            self.wrong[name].add(cases, int(wrong.sum()))


def _known(rows: pd.DataFrame, name: str) -> pd.Series:
    """The values of a column; answers that were not captured are no missing values but nothing at all."""
    return rows[name].dropna() if name == PREDICTION else rows[name]


class PredictionLog:
    """The answers of a window in a small file, so that ground truth may come days later: id, place, hour, answer."""

    def __init__(self, path: Path):
        self.file = gzip.open(path, "wt", newline="", encoding="utf-8", compresslevel=1)  # noqa: SIM115
        self.rows = csv.writer(self.file)

    def add(self, batch: Batch) -> None:
        for (key, place), hour, answer in zip(batch.keys, batch.hours, batch.answers, strict=True):
            if answer is not None:
                self.rows.writerow([key, place, hour, json.dumps(answer)])

    def __enter__(self) -> "PredictionLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
