"""Metric math, statistics, N of M with missing data, rules of composite alarms and patterns of metric filters."""

from types import SimpleNamespace

import pytest

from cookiecutter_mlops.localaws.cloudwatch.composite import Rule
from cookiecutter_mlops.localaws.cloudwatch.evaluation import judge
from cookiecutter_mlops.localaws.cloudwatch.expressions import evaluate
from cookiecutter_mlops.localaws.cloudwatch.series import Datum, Series, Unsupported
from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.logfilters import Pattern

GRID = [0.0, 60.0, 120.0]
METRICS = {"errors": {0.0: 1.0, 60.0: 2.0}, "requests": {0.0: 4.0, 60.0: 0.0, 120.0: 8.0}}
MATH = {
    "100 * errors / requests": {0.0: 25.0},  # no point where one is missing, or divided by zero
    "errors + requests": {0.0: 5.0, 60.0: 2.0},
    "FILL(errors, 0) / FILL(requests, 1)": {0.0: 0.25, 120.0: 0.0},
    "FILL(errors, REPEAT)": {0.0: 1.0, 60.0: 2.0, 120.0: 2.0},
    "IF(requests > 0, 1, 0)": {0.0: 1.0, 60.0: 0.0, 120.0: 1.0},
    "IF(requests > 3 AND requests < 5, requests, 0)": {0.0: 4.0, 60.0: 0.0, 120.0: 0.0},
    "SUM([errors, requests])": {0.0: 5.0, 60.0: 2.0, 120.0: 8.0},
    "MAX(METRICS())": {0.0: 4.0, 60.0: 2.0, 120.0: 8.0},
    "AVG(errors)": {0.0: 1.5, 60.0: 1.5, 120.0: 1.5},
    "-errors ^ 2": {0.0: -1.0, 60.0: -4.0},
    "RATE(requests)": {60.0: -4 / 60, 120.0: 8 / 60},
    "requests / PERIOD(requests)": {0.0: 4 / 60, 60.0: 0.0, 120.0: 8 / 60},
}
# Datapoints, oldest first (X breaches, 0 does not, - is missing), and the state for each treatment of what is missing:
# missing, ignore (from OK), breaching, notBreaching. After the table in AWS's guide.
STATES_3_OF_3 = {
    "0 - X - X": ("OK", "OK", "OK", "OK"),
    "- - - - 0": ("OK", "OK", "OK", "OK"),
    "- - - - -": ("INSUFFICIENT_DATA", "OK", "ALARM", "OK"),
    "0 X X - X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "- - X - -": ("ALARM", "OK", "ALARM", "OK"),
}
STATES_2_OF_3 = {
    "0 - X - X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "0 0 X 0 X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "0 - X - -": ("OK", "OK", "ALARM", "OK"),
    "- - - - 0": ("OK", "OK", "ALARM", "OK"),
    "- - - X -": ("ALARM", "OK", "ALARM", "OK"),
}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
CASES = [
    (needed, points, treatment, state)
    for needed, table in ((3, STATES_3_OF_3), (2, STATES_2_OF_3))
    for points, states in table.items()
    for treatment, state in zip(TREATMENTS, states, strict=True)
]


@pytest.mark.parametrize("expression", MATH)
def test_metric_math_gives_its_points(expression: str) -> None:
    assert evaluate(expression, METRICS, GRID, 60) == pytest.approx(MATH[expression])


@pytest.mark.parametrize(
    "expression",
    [
        "SEARCH('{AWS/EC2} CPU', 'Average')",
        "ANOMALY_DETECTION_BAND(errors)",
        "errors.real",
        "unknown + 1",
        "(",
        "errors[",
    ],
)
def test_metric_math_that_is_not_computed_says_so(expression: str) -> None:
    with pytest.raises(Unsupported):
        evaluate(expression, METRICS, GRID, 60)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sum", 10.0),
        ("Average", 2.5),
        ("Minimum", 1.0),
        ("Maximum", 4.0),
        ("SampleCount", 4.0),
        ("p50", 2.5),
        ("p100", 4),
    ],
)
def test_statistic_of_a_window(name: str, expected: float) -> None:
    series = Series()
    for moment, value in [(59.0, 100.0), (60.0, 4.0), (61.0, 1.0), (100.0, 2.0), (119.9, 3.0), (120.0, 100.0)]:
        series.add(moment, Datum(value, value, value, 1))
    assert series.statistic(name, 60, 120) == expected
    assert series.statistic(name, 200, 260) is None


@pytest.mark.parametrize(("needed", "points", "treatment", "state"), CASES)
def test_state_from_datapoints_and_missing_ones(needed: int, points: str, treatment: str, state: str) -> None:
    series = Series()
    for number, point in enumerate(points.split()):
        if point != "-":
            value = 9.0 if point == "X" else 0.0
            series.add(number * 60.0, Datum(value, value, value, 1))
    alarm = SimpleNamespace(
        metric_data_queries=[], namespace="N", metric_name="M", dimensions=[], statistic="Sum", extended_statistic=None,
        unit=None, period=60, evaluation_periods=3, datapoints_to_alarm=needed, treat_missing_data=treatment,
        comparison_operator="GreaterThanThreshold", threshold=5, state_value="OK",
    )  # fmt: skip
    assert judge(alarm, {("N", "M", frozenset()): series}, 300.5).state == state


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("ALARM(a)", True),
        ('ALARM("a") AND OK("b")', True),
        ("NOT (ALARM(a) OR ALARM(b))", False),
        ("ALARM(b) OR NOT INSUFFICIENT_DATA(arn:aws:cloudwatch:eu-west-1:1:alarm:a)", True),
        ("ALARM(a) AND (ALARM(b) OR TRUE)", True),
    ],
)
def test_composite_rule(rule: str, holds: bool) -> None:
    assert Rule(rule).holds({"a": "ALARM", "b": "OK"}.get) is holds


@pytest.mark.parametrize("rule", ["", "ALARM", "ALARM(a", "ALARM(a) ALARM(b)", "BROKEN(a)", "ALARM(a) AND"])
def test_composite_rule_that_is_not_well_formed_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=r"unexpected|expected|ends too early"):
        Rule(rule)


@pytest.mark.parametrize(
    ("pattern", "line", "matches"),
    [
        ("", "anything", True),
        ("ERROR timeout", "ERROR: timeout", True),
        ("ERROR -timeout", "ERROR: timeout", False),
        ("?ERROR ?WARN", "a WARN", True),
        ('"two words"', "two  words", False),
        ('{ $.level = "ERROR" }', '{"level": "ERROR"}', True),
        ('{ $.level = "ERR*" && $.code >= 500 }', '{"level": "ERROR", "code": 503}', True),
        ('{ $.level = "INFO" || $.items[1].code != 1 }', '{"items": [1, {"code": 1}]}', False),
        ('{ $.level = "ERROR" }', "no JSON", False),
    ],
)
def test_filter_pattern_matches(pattern: str, line: str, matches: bool) -> None:
    assert Pattern(pattern).matches(line) is matches


@pytest.mark.parametrize("pattern", ["[ip, user, code = 4*]", "{ $.a IS NULL }", "{ $.a EXISTS }"])
def test_filter_pattern_of_another_kind_is_not_emulated(pattern: str) -> None:
    with pytest.raises(NotEmulated):
        Pattern(pattern)
