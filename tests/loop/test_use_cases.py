"""The loop of each use case but `tabular` (test_loop.py): made, applied, trained, released, asked, monitored once.

A new use case is a new entry of CASES.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from cookiecutter_mlops.loop import LoopProject
from tests.loop.conftest import new_project

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Case:
    """What an application asks, a check of what it is told, and the columns that monitoring compares."""

    request: dict[str, Any]
    check: Callable[[dict[str, Any]], None]
    monitored: set[str]
    answers: tuple[str, ...] = ()  # of `mlops new`, beside the use case


def call_is_understood(answer: dict[str, Any]) -> None:
    detail, empty = answer["details"]
    assert answer["predictions"] == ["give_details|report_lost_card", ""]
    assert (detail["turns"][2]["text"], detail["feeling"]) == ("it is [NAME]", "negative")
    assert detail["turns"][2]["slots"] == [{"slot": "name", "value": "Ada Castillo"}]
    assert "nobody says a word" in empty["problem"]


CALL = [
    {"speaker": "customer", "text": "i lost my card, i am not happy about it"},
    {"speaker": "agent", "text": "may i have your name please"},
    {"speaker": "customer", "text": "it is Ada Castillo"},
]
CASES = {
    "call-analytics": Case(
        {"instances": [{"call": "c1", "turns": CALL}, {"call": "c2", "turns": []}]},
        call_is_understood,
        {"text", "(prediction)"},
    ),
}


@pytest.fixture(params=CASES)
def use_case(request, tmp_path):
    """A use case's name, and its project with the model of its sample in production."""
    answers = ("stages=prod", f"use_case={request.param}", *CASES[request.param].answers)
    project = LoopProject(new_project(tmp_path, *answers))
    try:
        project.up()
        project.mlops("apply")
        project.mlops("data", "push", str(next((project.path / "data").glob("sample.*"))))
        assert project.train() == "Succeeded", project.logs()
        assert project.approve() == "Succeeded", project.logs()
        yield request.param, project
    finally:
        project.down()


def test_use_case_is_trained_released_asked_and_monitored(use_case):
    name, project = use_case
    case = CASES[name]
    model = project.packages()[0]["CustomerMetadataProperties"]
    assert float(model["value"]) != float(model["baseline"])  # the gate has said which is better
    through_lambda, directly = project.invoke_function(case.request), project.invoke_endpoint(case.request)
    assert through_lambda.pop("inference_id")
    assert through_lambda == directly
    case.check(directly)
    project.mlops("monitor", "--no-open", ok=False)  # exit code 1: a few requests, of which Verify's bad one is many
    report = json.loads((project.path / ".mlops" / "monitoring" / "prod" / "statistics.json").read_text())
    assert report["dataset"]["item_count"] > 0
    assert case.monitored == {entry["name"] for entry in report["features"]}
