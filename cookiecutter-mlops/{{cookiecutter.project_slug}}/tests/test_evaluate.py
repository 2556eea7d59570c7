import math
import random
from dataclasses import replace

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
    "metrics": {"mae": 80.0},
}
LIVE = GOOD | {"version": 7}
COMPARED = {"version": "7", "value": 82.0, "improvement": 0.02, "interval": [0.01, 0.03], "confidence": 0.95}
ACCURACY = GOOD | {"metric": "accuracy", "value": 0.9, "baseline": 0.6, "higher_is_better": True}
SETTINGS = Gate(minimum_rows=100, improvement_over_baseline=0.1)
NO_NUMBER = [math.nan, math.inf, -math.inf, "80", "", None, True, [80.0], {}, 10**400, 1 + 2j]


@pytest.mark.parametrize("evaluation", [GOOD, ACCURACY])
def test_gate_passes_a_better_model(evaluation):
    verdict = gate(evaluation, None, SETTINGS)
    assert verdict.passed
    assert [check.name for check in verdict.checks] == ["rows", "finite", "baseline"]
    assert verdict.sentence().startswith("Passed")


@pytest.mark.parametrize("bad", NO_NUMBER)
@pytest.mark.parametrize("key", ["value", "baseline"])
def test_gate_fails_closed_without_a_number(key, bad):
    assert not gate(GOOD | {key: bad}, None, SETTINGS).passed


@pytest.mark.parametrize("bad", NO_NUMBER)
def test_gate_fails_closed_against_a_live_model_without_a_number(bad):
    assert not gate(GOOD, LIVE | {"value": bad}, SETTINGS).passed


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
        ({"metric": "rmse"}, False),  # the same rows by another measure: no proof
    ],
)
def test_gate_compares_with_what_is_recorded_of_the_live_model_on_the_same_data(live, passed):
    assert gate(GOOD, LIVE | live, SETTINGS).passed is passed


@pytest.mark.parametrize("bad", NO_NUMBER)
def test_gate_fails_closed_when_any_metric_is_no_number(bad):
    verdict = gate(GOOD | {"metrics": {"mae": 80.0, "r2": bad}}, None, SETTINGS)
    assert [check.name for check in verdict.checks if not check.passed] == ["finite"]
    assert "r2: not a number" in verdict.sentence()


@pytest.mark.parametrize(
    ("interval", "passed"),
    [
        ([0.01, 0.03], True),
        ([-0.019, 0.03], True),
        ([-0.021, 0.03], False),  # chance does not explain so much
        ([-0.2, -0.1], False),
        *(([bad, 0.03], False) for bad in NO_NUMBER),
        (None, False),
        ([0.1], False),
    ],
)
def test_gate_compares_with_the_live_model_on_the_same_rows(interval, passed):
    evaluation = GOOD | {"data_version": "two", "live": COMPARED | {"interval": interval}}
    assert gate(evaluation, LIVE, SETTINGS).passed is passed


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"version": "7", "problem": "the live model cannot be asked"}, "cannot be asked"),
        (COMPARED | {"version": "6"}, "not given version 7"),
        (None, "not given version 7"),
        ("yes", "not given version 7"),
    ],
    ids=["unreadable", "another-is-live-now", "no-champion", "nonsense"],
)
def test_gate_without_a_comparison_passes_only_where_nobody_insists(told, words):
    evaluation = GOOD | {"data_version": "two", "live": told}
    verdict = gate(evaluation, LIVE, SETTINGS)
    assert not verdict.passed
    assert words in verdict.sentence()
    lenient = gate(evaluation, LIVE, replace(SETTINGS, require_live_comparison=False))
    assert lenient.passed
    assert words in lenient.sentence()


def sliced(*losses, rows=100, **others):
    names = ("north", "south", "east")
    return [
        {"column": "region", "value": name, "rows": rows, "loss": loss, "trivial": 10.0} | others
        for name, loss in zip(names, losses, strict=False)
    ]


@pytest.mark.parametrize(
    ("slices", "passed", "words"),
    [
        (sliced(9.0, 9.0), True, "2 judged"),
        (sliced(9.0, 11.1), False, "south: +11.0% on 100 rows"),
        (sliced(9.0, 10.9), True, "south: +9.0%"),
        (sliced(9.0, 9.0, live=8.0), False, "north: +12.5%"),
        (sliced(99.0, rows=49), False, "no value of region has 50 rows"),
        ([*sliced(9.0), *sliced(99.0, rows=49)], True, "1 judged"),
        (sliced(None), False, "inf"),
        (sliced(9.0, live=None), False, "inf"),
        ([], False, "no value of region"),
        (None, False, "no value of region"),
        (["region"], False, "no value of region"),
    ],
)
def test_gate_judges_each_slice_that_has_rows_enough(slices, passed, words):
    verdict = gate(GOOD | {"slices": slices}, None, replace(SETTINGS, slices={"region": 0.1}))
    assert verdict.passed is passed
    assert words in verdict.checks[-1].value


def test_table_has_a_line_for_each_check_and_marks_the_failed():
    verdict = gate(GOOD | {"value": 99.0}, LIVE, SETTINGS)
    decided, *lines = verdict.table().splitlines()
    assert decided == "rejected for baseline, live"
    assert [line.split()[0] for line in lines] == [check.name for check in verdict.checks]
    assert [line.split()[0] for line in lines if line.split()[1] == "FAILED"] == ["baseline", "live"]
    wanted = "mae 99 against 100, 1.0% gone (at least 10.0% of the trivial model's error gone)"
    assert lines[2] == f"  baseline  FAILED  {wanted}"


def test_gate_agrees_with_the_rule_for_any_number():
    rng = random.Random(0)
    for _ in range(2000):
        value, baseline = rng.choice([0.0, rng.uniform(0, 200)]), rng.choice([0.0, rng.uniform(0, 200)])
        gone = 1 - value / baseline if baseline else 0.0 if value == 0 else -1.0
        assert gate(GOOD | {"value": value, "baseline": baseline}, None, SETTINGS).passed is (gone >= 0.1)
