"""How far a window of live values is from the baseline that training stored. Distances decide, not p-values alone:

    population_stability  PSI in nats: 0.1 is a little, 0.25 a lot
    kolmogorov_smirnov    largest difference of the two cumulative distributions (0 to 1), numbers and dates
    cramers_v             effect size (0 to 1) behind the chi-square test, categories
    jensen_shannon        distance (0 to 1) of two distributions, also of words
    cosine                distance (0 to 2) of the mean vectors, embeddings

With thousands of requests any difference is significant, and with ten none is: a column has drifted where the distance
of its kind reaches the threshold in project.toml and, where there is a test, chance does not explain it.
"""

from typing import Any

import numpy as np
from scipy import stats
from scipy.spatial import distance

from monitoring.sketch import Live, Names, Vectors
from training.baseline import distances
from training.limits import Drift

GROUPS = 10  # of about equal share in the baseline: what PSI is defined on
FLOOR = 1e-4  # share of a bin that nobody was in, so that a logarithm exists


def compare(live: Live, limits: Drift) -> dict[str, Any]:
    """Every distance that the kind of column has, and the verdict."""
    rows, kind = live.rows, live.kind
    statistic = limits.statistic(kind)
    found: dict[str, Any] = {"rows": rows, "missing": live.missing / rows if rows else 0.0}
    found |= {"baseline_missing": live.expected["missing"], "statistic": statistic, "threshold": limits.of(statistic)}
    found |= {"statistics": {}, "value": None, "p_value": None, "drifted": False}
    if live.present >= limits.minimum_rows:
        found["statistics"], found["p_value"] = _distances(live)
        found["value"] = found["statistics"][statistic]
        found["drifted"] = is_drift(found["value"], found["p_value"], found["threshold"], limits)
    return found


def is_drift(value: float, p_value: float | None, threshold: float, limits: Drift) -> bool:
    """Whether a distance is large enough, and chance (where a test says so) no explanation."""
    return value >= threshold and (p_value is None or p_value < limits.significance)


def _distances(live: Live) -> tuple[dict[str, float], float | None]:
    """Distances by name, and the p-value of the test that belongs to the kind of column."""
    if isinstance(live, Names):
        expected, counts = shares(live)
        return _of_names(expected, counts, live)
    expected, counts = np.asarray(live.expected["shares"]), live.counts
    reached = _kolmogorov_smirnov(expected, counts)
    found = {"population_stability": _grouped_psi(expected, counts), "kolmogorov_smirnov": reached}
    found["jensen_shannon"] = _jensen_shannon(expected, counts)
    if isinstance(live, Vectors):
        found["cosine"] = float(distances(live.total[None] / live.present, live.mean)[0])
        return found, None
    return found, _chance_of_ks(reached, live.expected["rows"] * (1 - live.expected["missing"]), counts.sum())


def shares(live: Names) -> tuple[np.ndarray, np.ndarray]:
    """Expected shares and live counts over the same names: the baseline's, then what is new to it."""
    known = live.expected["shares"]
    new = [key for key in live.counts if key not in known]
    rest = 1 - sum(known.values())
    if rest > FLOOR:  # the baseline did not tell every name apart, so a new one may be among its rest
        expected, counts = (
            [*known.values(), rest],
            [*map(live.counts.__getitem__, known), sum(live.counts[n] for n in new)],
        )
    else:
        expected, counts = [*known.values(), *[0.0] * len(new)], [live.counts[name] for name in (*known, *new)]
    return np.array(expected), np.array(counts)


def _of_names(expected: np.ndarray, counts: np.ndarray, live: Names) -> tuple[dict[str, float], float | None]:
    found = {"population_stability": psi(expected, counts), "jensen_shannon": _jensen_shannon(expected, counts)}
    if live.kind == "text":  # the words of one text depend on each other, so there is no test
        return found, None
    then = expected * live.expected["rows"] * (1 - live.expected["missing"])
    table = np.stack([then, counts])[:, (then + counts) > 0]
    if table.shape[1] < 2:
        return found | {"cramers_v": 0.0}, 1.0
    test = stats.chi2_contingency(table, correction=False)
    return found | {"cramers_v": float(np.sqrt(test.statistic / table.sum()))}, float(test.pvalue)


def psi(expected: np.ndarray, counts: np.ndarray) -> float:
    """The population stability index of live counts against expected shares."""
    then, now = np.maximum(expected, FLOOR), np.maximum(counts / counts.sum(), FLOOR)
    return float(((now - then) * np.log(now / then)).sum())


def groups(expected: np.ndarray) -> np.ndarray:
    """Which of about ten groups each fine bin of a baseline belongs to."""
    middle = np.cumsum(expected) - expected / 2
    return np.minimum((middle * GROUPS).astype(int), GROUPS - 1)


def _grouped_psi(expected: np.ndarray, counts: np.ndarray) -> float:
    place = groups(expected)
    return psi(np.bincount(place, expected), np.bincount(place, counts))


def _kolmogorov_smirnov(expected: np.ndarray, counts: np.ndarray) -> float:
    return float(np.abs(np.cumsum(expected) - np.cumsum(counts) / counts.sum()).max())


def _chance_of_ks(reached: float, then: float, now: float) -> float:
    """The asymptotic two-sample test; bins make the distance a little smaller, so it errs towards no drift."""
    return float(stats.kstwobign.sf(reached * np.sqrt(then * now / (then + now))))


def _jensen_shannon(expected: np.ndarray, counts: np.ndarray) -> float:
    found = distance.jensenshannon(expected, counts, base=2)
    return 0.0 if np.isnan(found) else float(found)
