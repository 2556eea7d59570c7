import math
import random

import pytest

from training.evaluate import gate
from training.settings import Gate

GOOD = {
    "metric": "mae",
    "value": 80.0,
    "baseline": 100.0,
    "higher_is_better": False,
    "rows": {"train": 80, "holdout": 20},
    "data_version": "one",
}
ACCURACY = GOOD | {"metric": "accuracy", "value": 0.9, "baseline": 0.6, "higher_is_better": True}
SETTINGS = Gate(minimum_rows=100, improvement_over_baseline=0.1)
NO_NUMBER = [math.nan, math.inf, -math.inf, "80", "", None, True, [80.0], {}, 10**400, 1 + 2j]


@pytest.mark.parametrize("evaluation", [GOOD, ACCURACY])
def test_gate_passes_a_better_model(evaluation):
    verdict = gate(evaluation, None, SETTINGS)
    assert verdict.passed
    assert [check.name for check in verdict.checks] == ["rows", "baseline"]
    assert verdict.sentence().startswith("Passed")


@pytest.mark.parametrize("bad", NO_NUMBER)
@pytest.mark.parametrize("key", ["value", "baseline"])
def test_gate_fails_closed_without_a_number(key, bad):
    assert not gate(GOOD | {key: bad}, None, SETTINGS).passed


@pytest.mark.parametrize("bad", NO_NUMBER)
def test_gate_fails_closed_against_a_live_model_without_a_number(bad):
    assert not gate(GOOD, GOOD | {"value": bad}, SETTINGS).passed


@pytest.mark.parametrize("key", GOOD.keys() - {"metric", "data_version"})
def test_gate_fails_closed_when_a_fact_is_missing(key):
    assert not gate({name: value for name, value in GOOD.items() if name != key}, None, SETTINGS).passed


@pytest.mark.parametrize(
    "change",
    [
        {"rows": {"train": 80, "holdout": 19}},
        {"rows": 100},
        {"rows": {"train": "80", "holdout": 20}},
        {"value": 91.0},
        {"value": -1.0},
        {"baseline": 0.0},
        {"higher_is_better": None},
        {"higher_is_better": "no"},
    ],
)
def test_gate_refuses(change):
    verdict = gate(GOOD | change, None, SETTINGS)
    assert not verdict.passed
    assert verdict.sentence().startswith("Rejected")


@pytest.mark.parametrize(
    ("evaluation", "threshold", "passed"),
    [
        (GOOD, 80.0, True),
        (GOOD, 79.0, False),
        (ACCURACY, 0.9, True),
        (ACCURACY, 0.91, False),
        (GOOD | {"value": math.nan}, 1e9, False),
    ],
)
def test_gate_threshold(evaluation, threshold, passed):
    assert gate(evaluation, None, Gate(minimum_rows=1, threshold=threshold)).passed is passed


@pytest.mark.parametrize(
    ("live", "passed"),
    [
        ({"value": 80.0}, True),
        ({"value": 79.9}, False),
        ({"value": 90.0}, True),
        ({"value": 10.0, "data_version": "two"}, True),  # judged on other rows: no comparison
        ({"metric": "rmse"}, False),  # the same rows by another measure: no proof
    ],
)
def test_gate_compares_with_the_live_model_on_the_same_data(live, passed):
    assert gate(GOOD, GOOD | live, SETTINGS).passed is passed


def test_gate_agrees_with_the_rule_for_any_number():
    rng = random.Random(0)
    for _ in range(2000):
        value, baseline = rng.choice([0.0, rng.uniform(0, 200)]), rng.choice([0.0, rng.uniform(0, 200)])
        gone = 1 - value / baseline if baseline else 0.0 if value == 0 else -1.0
        assert gate(GOOD | {"value": value, "baseline": baseline}, None, SETTINGS).passed is (gone >= 0.1)
