"""The training report: every figure in it, and nothing of a name is taken for HTML."""

import re
from xml.etree import ElementTree

import pytest

from training import report
from training.evaluate import Check, Verdict

VERDICT = Verdict(False, [Check("rows", "at least 500", "12", False)])
EVALUATION = {
    "commit": "0123456789",
    "data_version": "v1",
    "rows": {"train": 9, "holdout": 3},
    "metrics": {"mae": 2.5, "r2": None},
    "baseline_metrics": {"mae": 5.0, "r2": 0.0},
}
EXPLANATION = {
    "importance": {"size": {"mean": 4.0, "spread": 0.5}, "<b>&": {"mean": -1.0, "spread": 0.1}},
    "dependence": {"size": [[1.0, 10.0], [2.0, 30.0]], "<b>&": [["<i>", 3.0]]},
    "answer": "mean price",
}


def parsed(page):
    """The page as a tree; what HTML leaves open is closed first."""
    closed = re.sub(r"<(meta|meter)([^>]*?)></?meter>|<meta([^>]*)>", r"<m/>", page.partition("\n")[2])
    return ElementTree.fromstring(re.sub(r"<div hidden>", "<div>", closed))


def texts(page, tag):
    return ["".join(found.itertext()) for found in parsed(page).iter(tag)]


def test_report_tells_metrics_and_gate():
    page = report.page(EVALUATION, VERDICT)
    cells = texts(page, "td")
    assert cells[:6] == ["mae", "2.5", "5", "r2", "–", "0"]
    assert cells[6:] == ["rows", "at least 500", "12", "failed"]
    assert "<div hidden>" in page


def test_report_orders_columns_by_importance_and_escapes_their_names():
    page = report.page(EVALUATION | {"explanation": EXPLANATION}, VERDICT)
    assert texts(page, "td")[-6::3] == ["size", "<b>&"]
    assert texts(page, "h3") == ["size", "<b>&"]
    assert "<div hidden>" not in page


@pytest.mark.parametrize("points", [[], [["red", 3.0]], [["red", 3.0], ["blue", 3.0]]])
def test_report_draws_curves_without_a_slope(points):
    explanation = EXPLANATION | {"dependence": {"colour": points}}
    page = report.page(EVALUATION | {"explanation": explanation}, VERDICT)
    assert page.count("<circle") == len(points)
