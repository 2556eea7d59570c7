"""Which hyperparameters a tuning job tries next, and which of its training jobs it gives up.

Grid and Random are AWS's. Bayesian and Hyperband stand in for AWS's own optimizers, which are not public: they take
the same requests and spend the same number of jobs, but other points.
"""

import itertools
import random
import statistics
from collections.abc import Iterator

from cookiecutter_mlops.localaws.sagemaker.tuning.ranges import Range

Places = dict[str, float]  # by the name of the hyperparameter
Results = list[tuple[Places, float]]  # of the training jobs that ended well; a lower value is better
_FIRST = 3  # points of Bayesian that are random
_EXPLORED, _NEAR = 0.25, 0.15  # share of points that stay random; distance of the others from the best one
_REDUCTION = 3  # Hyperband: of so many jobs one goes on to the next rung


def places(strategy: str, ranges: list[Range], seed: int | None, results: Results) -> Iterator[Places]:
    """Yield the places of one training job after the other; `results` grows meanwhile."""
    if strategy == "Grid":
        yield from _grid(ranges)
    source = random.Random(seed)  # noqa: S311 no secret
    while True:
        point = {item.name: source.random() for item in ranges}
        if strategy == "Bayesian" and len(results) >= _FIRST and source.random() > _EXPLORED:
            best = min(results, key=lambda result: result[1])[0]
            point = {name: min(max(source.gauss(best[name], _NEAR), 0), 1) for name in point}
        yield point


def _grid(ranges: list[Range]) -> Iterator[Places]:
    """Yield every combination of values, by a place in the middle of each."""
    middles = [[(number + 0.5) / item.choices for number in range(item.choices)] for item in ranges]
    for combination in itertools.product(*middles):
        yield dict(zip((item.name for item in ranges), combination, strict=True))


def is_under_the_median(history: list[float], others: list[list[float]]) -> bool:
    """Say whether early stopping ends a job: its newest value is worse than the median of the others' averages so far.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html
    """
    epoch = len(history)
    averages = [statistics.fmean(other[:epoch]) for other in others if len(other) >= epoch > 0]
    return bool(averages) and history[-1] > statistics.median(averages)


def is_off_the_rung(history: list[float], others: list[list[float]], smallest: int, largest: int) -> bool:
    """Say whether Hyperband ends a job: at a rung of so many values it is not in the best third of those that came."""
    rung = smallest
    while rung < min(largest, len(history) + 1):
        reached = sorted(other[rung - 1] for other in [*others, history] if len(other) >= rung)
        if len(reached) >= _REDUCTION and history[rung - 1] > reached[len(reached) // _REDUCTION - 1]:
            return True
        rung *= _REDUCTION
    return False
