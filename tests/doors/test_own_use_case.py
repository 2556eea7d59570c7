"""A use case of one's own is a folder and its question: the example of docs/use-cases.md becomes a project."""

import json
import shutil
import subprocess

import pytest

from cookiecutter_mlops.environments import environment
from tests.doors.conftest import PROJECT, REPOSITORY, new

EXAMPLE = REPOSITORY / "docs" / "examples" / "ticket-routing"
pytestmark = pytest.mark.xdist_group("doors")


@pytest.fixture
def template(repository, tmp_path):
    """The template with a fifth use case, as docs/use-cases.md says."""
    folder = shutil.copytree(repository, tmp_path / "template")
    shutil.copytree(EXAMPLE, folder / "cookiecutter-mlops" / "use-cases" / EXAMPLE.name)
    file = folder / "cookiecutter-mlops" / "cookiecutter.json"
    questions = json.loads(file.read_text())
    questions["use_case"].append(EXAMPLE.name)
    questions["__prompts__"]["use_case"][EXAMPLE.name] = "Support tickets: which team each is for"
    file.write_text(json.dumps(questions, indent=2))
    return folder


@pytest.mark.slow
def test_folder_and_its_question_become_a_project_that_passes_its_own_tests(template, tmp_path):
    made = new(template, tmp_path, f"use_case={EXAMPLE.name}", "training_instance_type=ml.m5.xlarge")
    assert made.returncode == 0, made.stderr
    project = tmp_path / PROJECT
    answers = json.loads((project / ".mlops.json").read_text())["answers"]
    assert answers["use_case"] == EXAMPLE.name
    command = [environment(project), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=project, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout[-4000:]
