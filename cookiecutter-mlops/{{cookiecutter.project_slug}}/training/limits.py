"""What monitoring calls a problem: the table [drift] of project.toml. Standard library only, as settings.py is."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

# What can decide whether a column has drifted, by the kind of its values; monitoring/drift.py says what each one is.
STATISTICS = {
    "number": ("population_stability", "kolmogorov_smirnov", "jensen_shannon"),
    "category": ("population_stability", "cramers_v", "jensen_shannon"),
    "text": ("jensen_shannon", "population_stability"),
    "vector": ("cosine", "population_stability", "kolmogorov_smirnov"),
}

LARGEST = {"population_stability": 10.0, "quality_loss": 10.0, "cosine": 2.0}  # of the numbers that are no shares


@dataclass(frozen=True)
class Drift:
    """What monitoring calls a problem; dates are compared as numbers, booleans as categories."""

    number: str = "population_stability"
    category: str = "population_stability"
    text: str = "jensen_shannon"
    vector: str = "cosine"
    population_stability: float = 0.2
    kolmogorov_smirnov: float = 0.15
    cramers_v: float = 0.2
    jensen_shannon: float = 0.2
    cosine: float = 0.1
    significance: float = 0.01  # the largest chance of seeing such a difference without drift
    minimum_rows: int = 200  # in a window; with fewer a column is not judged
    missing_increase: float = 0.05
    violations: float = 0.01  # share of values that break their column's rule
    refused: float = 0.05  # share of requests that were answered with an error
    quality_loss: float = 0.1  # share by which the error has grown since training
    minimum_labels: int = 100  # answers with ground truth; with fewer quality is not judged

    def statistic(self, kind: str) -> str:
        """The name of what decides for a kind of values."""
        return str(getattr(self, {"date": "number", "boolean": "category"}.get(kind, kind)))

    def of(self, statistic: str) -> float:
        """The threshold of a statistic."""
        return float(getattr(self, statistic))

    def broken(self) -> Iterator[tuple[str, Any]]:
        """Rules that the file breaks, each with the value seen."""
        for kind, known in STATISTICS.items():
            if getattr(self, kind) not in known:
                yield f"[drift]: {kind} must be one of {', '.join(known)}", getattr(self, kind)
        for f in fields(self):
            value = getattr(self, f.name)
            largest = LARGEST.get(f.name, 1.0)
            if f.type is int and value < 1:
                yield f"[drift]: {f.name} must be 1 or more, such as {f.default}", value
            if f.type is float and not 0 < value <= largest:
                yield f"[drift]: {f.name} must be above 0 and at most {largest:g}, such as {f.default}", value
