"""Distances of each kind of column, against scipy and against what their definition says."""

from typing import Any

import captured
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from monitoring import drift
from monitoring.quality import Labels
from monitoring.sketch import MOST_NEW, sketch
from training.baseline import describe
from training.limits import Drift
from training.settings import Settings

RNG = np.random.default_rng(0)
LIMITS = Drift(minimum_rows=100)


def compared(kind: str, then: Any, now: Any, limits: Drift = LIMITS) -> dict[str, Any]:
    live = sketch(describe(pd.Series(list(then)), kind))
    for part in np.array_split(np.arange(len(now)), 3):  # as it comes: in batches
        live.add(pd.Series([now[place] for place in part]), [("key", 0)] * len(now))
    return drift.compare(live, limits)


def test_kolmogorov_smirnov_is_that_of_scipy():
    then, now = RNG.normal(0, 1, 20000), RNG.normal(0.3, 1, 5000)
    found, exact = compared("number", then, now), stats.ks_2samp(then, now)
    assert found["statistics"]["kolmogorov_smirnov"] == pytest.approx(exact.statistic, abs=0.01)
    assert (found["p_value"] < 0.01, exact.pvalue < 0.01) == (True, True)


def test_population_stability_of_shares_is_its_formula():
    then = ["a"] * 500 + ["b"] * 500
    now = ["a"] * 800 + ["b"] * 200
    expected = (0.8 - 0.5) * np.log(0.8 / 0.5) + (0.2 - 0.5) * np.log(0.2 / 0.5)
    assert compared("category", then, now)["value"] == pytest.approx(expected)


def test_cramers_v_comes_from_the_chi_square_test():
    then, now = ["a"] * 500 + ["b"] * 500, ["a"] * 160 + ["b"] * 40
    test = stats.chi2_contingency([[500, 500], [160, 40]], correction=False)
    found = compared("category", then, now, Drift(category="cramers_v"))
    assert found["value"] == pytest.approx(np.sqrt(test.statistic / 1200))
    assert found["p_value"] == pytest.approx(test.pvalue)


@pytest.mark.parametrize(
    ("kind", "then", "now"),
    [
        ("number", RNG.normal(0, 1, 5000), RNG.normal(0, 1, 2000)),
        ("number", RNG.integers(0, 4, 5000), RNG.integers(0, 4, 2000)),
        ("number", np.zeros(5000), np.zeros(2000)),
        ("date", pd.to_datetime("2026-01-01") + pd.to_timedelta(RNG.integers(0, 300, 5000), "D"), None),
        ("category", RNG.choice(list("abc"), 5000), RNG.choice(list("abc"), 2000)),
        ("boolean", RNG.integers(0, 2, 5000).astype(float), RNG.integers(0, 2, 2000).astype(float)),
        ("text", ["the cat sat"] * 300, ["the cat sat"] * 200),
        ("vector", list(RNG.normal(1, 1, (2000, 8))), list(RNG.normal(1, 1, (500, 8)))),
    ],
)
def test_same_distribution_has_not_drifted(kind: str, then: Any, now: Any):
    found = compared(kind, then, then if now is None else now)
    assert (found["drifted"], found["value"] < found["threshold"] / 2) == (False, True)


@pytest.mark.parametrize(
    ("kind", "then", "now"),
    [
        ("number", RNG.normal(0, 1, 5000), RNG.normal(1, 1, 2000)),
        ("date", pd.to_datetime(["2026-01-01", "2026-05-01"] * 900), pd.to_datetime(["2026-12-01"] * 200)),
        ("category", RNG.choice(list("abc"), 5000), RNG.choice(list("abcd"), 2000)),
        ("boolean", RNG.integers(0, 2, 5000).astype(float), np.ones(500)),
        ("text", ["the cat sat"] * 300, ["un gato negro"] * 200),
        ("vector", list(RNG.normal(1, 1, (2000, 8))), list(RNG.normal([1, -1] * 4, 1, (500, 8)))),
    ],
)
def test_other_distribution_has_drifted(kind: str, then: Any, now: Any):
    assert compared(kind, then, now)["drifted"]


def test_small_difference_is_no_drift_however_significant():
    found = compared("number", RNG.normal(0, 1, 50000), RNG.normal(0.1, 1, 50000))
    assert (found["p_value"] < 1e-6, found["drifted"]) == (True, False)


def test_large_difference_that_chance_explains_is_no_drift():
    found = compared("category", ["a"] * 6 + ["b"] * 4, ["a"] * 60 + ["b"] * 140)
    assert (found["value"] > found["threshold"], found["p_value"] > 0.01, found["drifted"]) == (True, True, False)


def test_column_without_values_is_not_judged():
    found = compared("number", RNG.normal(0, 1, 500), [None] * 500)
    assert (found["missing"], found["value"], found["drifted"]) == (1.0, None, False)


def test_new_names_are_counted_up_to_a_limit():
    live = sketch(describe(pd.Series(["a", "b"] * 100), "category"))
    live.add(pd.Series([f"new {number}" for number in range(3 * MOST_NEW)]), [("key", 0)] * 3 * MOST_NEW)
    assert len(live.counts) <= MOST_NEW + 3
    assert sum(live.counts.values()) == 3 * MOST_NEW


def test_ground_truth_above_the_limit_is_sampled_by_id(settings: Settings, tmp_path):
    captured.write(tmp_path, [captured.truth(str(number), [1]) for number in range(1000)])
    labels = Labels(settings, limit=100).read(tmp_path)
    assert 0 < len(labels.values) <= 100
    assert labels.share < 0.2
