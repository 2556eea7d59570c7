"""The loop of each use case but plain `tabular` (test_loop.py): made, applied, trained, released, asked, monitored.

A new use case is a new module of `use_cases/` and a new entry of CASES; what follows `-with-` in a name tells two
entries of one apart.
"""

import json
import os
from typing import Any

import pytest

from cookiecutter_mlops.loop import LoopProject
from tests.loop.asked import answered, answered_in_batch, gain
from tests.loop.conftest import into_one_hour, new_project
from tests.loop.use_cases import calls, documents, salaries, served_by_vllm, summaries

pytestmark = pytest.mark.slow

CASES = {
    "call-analytics": calls.CASE,
    "document-extraction": documents.CASE,
    "tabular-with-lightgbm": salaries.WITH_LIGHTGBM,
    "tabular-with-ray": salaries.WITH_RAY,
    "llm-summarization": summaries.CASE,
    "llm-summarization-with-vllm": served_by_vllm.CASE,
}
# Their environments are gigabytes, too much for every run of CI.
LARGE = {
    "llm-summarization": "MLOPS_LANGUAGE_MODELS",
    "llm-summarization-with-vllm": "MLOPS_LANGUAGE_MODELS",
    "tabular-with-ray": "MLOPS_RAY",
}


@pytest.fixture(params=CASES)
def use_case(request, tmp_path):
    """A use case's name, and its project with the model of its sample in production."""
    if (variable := LARGE.get(request.param)) and variable not in os.environ:
        pytest.skip(f"installs large packages, such as torch or Ray; set {variable}=1 for it")
    case, chosen = CASES[request.param], request.param.partition("-with-")[0]
    project = LoopProject(new_project(tmp_path, "stages=prod", f"use_case={chosen}", *case.answers))
    add_variables(project, case.variables)
    edit(project, case.edits)
    try:
        project.up()
        project.mlops("apply")
        case.before(project)
        project.mlops("data", "push", str(case.data(project)))
        assert project.train() == "Succeeded", project.logs()
        into_one_hour(project)
        assert project.approve() == "Succeeded", project.logs()
        yield request.param, project
    finally:
        project.down()


def add_variables(project: LoopProject, variables: dict[str, Any]) -> None:
    if variables:
        file = project.path / "terraform" / "terraform.auto.tfvars.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | variables, indent=2))
        project.run("git", "commit", "--quiet", "--all", "--message", "Set variables of Terraform")


def edit(project: LoopProject, edits: dict[str, tuple[str, str]]) -> None:
    for name, (old, new) in edits.items():
        text = (project.path / name).read_text()
        assert old in text, name
        (project.path / name).write_text(text.replace(old, new))
    if edits:
        project.run("git", "commit", "--quiet", "--all", "--message", "Choose another model")


def test_use_case_is_trained_released_asked_and_monitored(use_case):
    name, project = use_case
    case = CASES[name]
    model = project.packages()[0]["CustomerMetadataProperties"]
    assert gain(project) > 0, model
    assert case.facts.items() <= model.items()
    case.check(answered(project, case.request))
    project.mlops("monitor", "--no-open", ok=False)  # exit code 1: a few requests, of which Verify's bad one is many
    report = json.loads((project.path / ".mlops" / "monitoring" / "prod" / "statistics.json").read_text())
    assert report["dataset"]["item_count"] > 0
    assert case.monitored == {entry["name"] for entry in report["features"]}
    outputs = answered_in_batch(project, {name: content for name, (content, _) in case.files.items()})
    assert [name for name, (_, words) in case.files.items() if words not in outputs[name]] == [], outputs
    case.then(project)
