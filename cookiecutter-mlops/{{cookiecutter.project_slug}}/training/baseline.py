"""How values are distributed: what training stores with a model, and what monitoring compares live traffic with.

A baseline is small whatever the data's size, and plain JSON. By kind of value:

    number, date, boolean, category    shares of bins or of names
    text                               shares of words
    vector (an embedding)              the mean vector, and the shares of bins of the distance to it
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

KINDS = ("number", "date", "boolean", "category", "text", "vector")
NAMES = 200  # categories that a baseline tells apart; the rest is together
WORDS = 2000
PERCENTILES = np.linspace(0.01, 0.99, 99)
_WORD = re.compile(r"\w+")


def describe(values: pd.Series, kind: str) -> dict[str, Any]:
    """The distribution of a column, missing values as a share of their own."""
    present, missing = values.dropna(), float(values.isna().mean())
    head = {"type": kind, "rows": len(values), "missing": missing}
    if kind in ("category", "boolean"):
        return head | {"shares": _shares(Counter(name(value, kind) for value in present), NAMES)}
    if kind == "text":
        return head | {"shares": _shares(Counter(word for text in present for word in words(text)), WORDS)}
    if kind == "vector":
        vectors = np.stack([np.asarray(vector, dtype=float) for vector in present])
        mean = vectors.mean(axis=0)
        return head | {"mean": mean.tolist()} | _bins(distances(vectors, mean))
    return head | _bins(numbers(present, kind))


def numbers(present: pd.Series, kind: str) -> np.ndarray:
    """Numbers as they are, dates in seconds since 1970."""
    return (present.map(pd.Timestamp.timestamp) if kind == "date" else present).to_numpy(dtype=float)


def name(value: Any, kind: str) -> str:
    """The name of a category; a boolean is a number while it is learned from."""
    return str(bool(value)).lower() if kind == "boolean" or isinstance(value, bool) else str(value)


def words(text: Any) -> Iterable[str]:
    """The words of a text, in lower case."""
    return _WORD.findall(str(text).lower())


def distances(vectors: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Cosine distances of vectors to one vector: 0 is the same direction, 1 nothing in common, 2 the opposite."""
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(mean)
    return 1 - np.divide(vectors @ mean, lengths, out=np.zeros(len(vectors)), where=lengths > 0)


def _shares(counts: Counter[str], most: int) -> dict[str, float]:
    total = sum(counts.values())
    return {key: count / total for key, count in counts.most_common(most)}


def _bins(values: np.ndarray) -> dict[str, Any]:
    """Hundredths of the data: fine enough to compare whole distributions, whatever the unit of the column."""
    if not len(values):
        return {"edges": [], "shares": [0.0]}
    edges = np.unique(np.quantile(values, PERCENTILES, method="inverted_cdf"))  # values that occur
    shares = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) / len(values)
    return {"edges": edges.tolist(), "shares": shares.tolist()}
