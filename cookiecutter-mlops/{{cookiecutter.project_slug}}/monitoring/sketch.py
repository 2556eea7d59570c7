"""Counts of live values in the bins of a baseline: what traffic becomes, of the same size however much there is."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from training import baseline

MOST_NEW = 1000  # names that the baseline does not know and that are counted one by one
OTHER = "(other)"


class Sketch:
    """One column of one hour. Kinds differ in `_count`; the rest is common."""

    def __init__(self, expected: dict[str, Any]):
        self.expected, self.kind = expected, expected["type"]
        self.rows = self.missing = 0

    def add(self, values: pd.Series, keys: list[tuple[str, int]]) -> None:
        """Count values (missing ones are NaN or None); the index says which of the keys each one came with."""
        present = values.dropna()
        self.rows += len(values)
        self.missing += len(values) - len(present)
        if len(present):
            self._count(present, keys)

    @property
    def present(self) -> int:
        return self.rows - self.missing

    def merge(self, other: Any) -> None:
        """Take in another sketch of the same column."""
        self.rows += other.rows
        self.missing += other.missing

    def _count(self, present: pd.Series, keys: list[tuple[str, int]]) -> None:
        raise NotImplementedError


class Numbers(Sketch):
    """Numbers and dates by the baseline's edges, and an example of each bin."""

    def __init__(self, expected: dict[str, Any]):
        super().__init__(expected)
        self.edges = np.asarray(expected["edges"])
        self.counts = np.zeros(len(self.edges) + 1, dtype=np.int64)
        self.minimum, self.maximum, self.sum, self.squares = np.inf, -np.inf, 0.0, 0.0
        self.examples: dict[int, tuple[str, Any]] = {}

    def _count(self, present: pd.Series, keys: list[tuple[str, int]]) -> None:
        values = self._numbers(present)
        places = np.searchsorted(self.edges, values)
        self.counts += np.bincount(places, minlength=len(self.counts))
        self.minimum, self.maximum = min(self.minimum, values.min()), max(self.maximum, values.max())
        self.sum += values.sum()
        self.squares += (values**2).sum()
        for place, first in zip(*np.unique(places, return_index=True), strict=True):
            self.examples.setdefault(int(place), (keys[present.index[first]][0], _plain(present.iloc[first])))

    def _numbers(self, present: pd.Series) -> np.ndarray:
        return baseline.numbers(present, self.kind)

    def merge(self, other: Any) -> None:
        super().merge(other)
        self.counts += other.counts
        self.minimum, self.maximum = min(self.minimum, other.minimum), max(self.maximum, other.maximum)
        self.sum += other.sum
        self.squares += other.squares
        self.examples |= other.examples


class Vectors(Numbers):
    """Embeddings: their sum, and their distances to the baseline's mean as numbers."""

    def __init__(self, expected: dict[str, Any]):
        super().__init__(expected)
        self.mean = np.asarray(expected["mean"])
        self.total = np.zeros(len(self.mean))

    def _numbers(self, present: pd.Series) -> np.ndarray:
        vectors = np.stack([np.asarray(vector, dtype=float) for vector in present])
        self.total += vectors.sum(axis=0)
        return baseline.distances(vectors, self.mean)

    def merge(self, other: Any) -> None:
        super().merge(other)
        self.total += other.total


class Names(Sketch):
    """Categories, booleans and words; those that the baseline does not know are told apart up to a limit."""

    def __init__(self, expected: dict[str, Any]):
        super().__init__(expected)
        self.known = expected["shares"].keys()
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, tuple[str, Any]] = {}

    def _count(self, present: pd.Series, keys: list[tuple[str, int]]) -> None:
        if self.kind == "text":
            self._add(Counter(word for text in present for word in baseline.words(text)))
            return
        names = present.map(lambda value: baseline.name(value, self.kind))
        self._add(Counter(names))
        for first in np.flatnonzero(~names.duplicated().to_numpy()):
            if len(self.examples) < MOST_NEW:
                self.examples.setdefault(names.iloc[first], (keys[names.index[first]][0], names.iloc[first]))

    def _add(self, counts: Counter[str]) -> None:
        for key, count in counts.items():
            full = len(self.counts) >= MOST_NEW + len(self.known)
            self.counts[OTHER if full and key not in self.counts and key not in self.known else key] += count

    def merge(self, other: Any) -> None:
        super().merge(other)
        self._add(other.counts)
        self.examples = dict(list((self.examples | other.examples).items())[-MOST_NEW:])


Live = Names | Numbers  # Vectors are Numbers, too


def sketch(expected: dict[str, Any]) -> Live:
    """An empty sketch for a column of a baseline."""
    kinds: dict[str, type[Numbers]] = {"number": Numbers, "date": Numbers, "vector": Vectors}
    kind = kinds.get(expected["type"])
    return kind(expected) if kind else Names(expected)


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if not isinstance(value, int | float | np.number):
        return "a vector"
    return int(value) if float(value).is_integer() else float(value)
