"""Few combinations of answers in which every pair of values occurs that the rules between answers allow."""

import itertools
from collections.abc import Callable, Mapping, Sequence


def pairwise(
    values: Mapping[str, Sequence[str]], allowed: Callable[[dict[str, str]], bool] = lambda combination: True
) -> list[dict[str, str]]:
    """Return combinations of values, one of each name, that hold every allowed pair; greedy, always the same ones."""
    rows = (dict(zip(values, row, strict=True)) for row in itertools.product(*values.values()))
    combinations = {tuple(row.items()): set(itertools.combinations(row.items(), 2)) for row in rows if allowed(row)}
    wanted = set().union(*combinations.values())
    chosen = []
    while wanted:
        best = max(combinations, key=lambda combination: len(wanted & combinations[combination]))
        wanted -= combinations[best]
        chosen.append(dict(best))
    return chosen
