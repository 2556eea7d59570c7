"""The template before and after rendering: where Jinja may be, and that every pair of answers gives sound files."""

import ast
import fnmatch
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import pytest
import yaml

from cookiecutter_mlops import answers, scaffold
from cookiecutter_mlops.environments import environment
from cookiecutter_mlops.terraform import Terraform
from tests.pairs import pairwise

TEMPLATE = scaffold.template() / "{{cookiecutter.project_slug}}"
USE_CASES = scaffold.template() / "use-cases"
# The only files in which an answer is filled in. Everything else is a real file that tools check where it lies.
JINJA = {"README.md", "terraform/terraform.auto.tfvars.json"}

VALUES = {
    "use_case": answers.CHOICES["use_case"],
    "source": answers.CHOICES["source"],
    "endpoint_kind": answers.CHOICES["endpoint_kind"],
    "stages": answers.CHOICES["stages"],
    "training_instance_type": ("ml.m5.xlarge", "ml.g5.2xlarge"),
    "aws_region": ("eu-west-1", "us-gov-west-1"),
}
MATRIX = pairwise(VALUES)
FIRST = {combination["use_case"]: combination for combination in reversed(MATRIX)}  # of each use case


def label(combination: dict[str, str]) -> str:
    keys = ("use_case", "source", "endpoint_kind", "stages", "training_instance_type")
    return "-".join(combination[key] for key in keys)


@pytest.fixture(scope="module")
def bake(tmp_path_factory):
    """Make the project of a combination of answers, once."""
    made: dict[str, Path] = {}

    def bake(combination: dict[str, str]) -> Path:
        if label(combination) not in made:
            repository = {"source_repository": "acme/salaries"} if combination["source"] in answers.CONNECTIONS else {}
            given = {"project_name": "Salary Prediction", **combination, **repository}
            made[label(combination)] = scaffold.create(given, tmp_path_factory.mktemp("bake"))
        return made[label(combination)]

    return bake


def files(folder: Path, *patterns: str) -> list[Path]:
    hidden = (".git", "__pycache__", ".terraform", ".ruff_cache")
    found = itertools.chain.from_iterable(folder.rglob(pattern) for pattern in patterns)
    return sorted(path for path in found if path.is_file() and not set(path.relative_to(folder).parts) & set(hidden))


def test_answers_are_filled_in_a_handful_of_files_only():
    texts = {path: path.read_bytes() for path in files(TEMPLATE, "*")}
    assert {path.relative_to(TEMPLATE).as_posix() for path, text in texts.items() if b"cookiecutter." in text} == JINJA
    assert not [path for path in files(USE_CASES, "*") if b"{{ cookiecutter" in path.read_bytes()]


def test_file_names_of_the_template_hold_no_jinja():
    assert not [path for path in TEMPLATE.rglob("*") if "{" in path.relative_to(TEMPLATE).as_posix()]


def test_files_without_jinja_are_copied_and_not_rendered():
    patterns = json.loads((scaffold.template() / "cookiecutter.json").read_text())["_copy_without_render"]
    names = {path.relative_to(TEMPLATE).as_posix() for path in files(TEMPLATE, "*")} - JINJA
    assert not [name for name in names if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]


@pytest.mark.parametrize("file", sorted(JINJA))
def test_text_of_a_user_reaches_data_files_as_json_only(file):
    text = (TEMPLATE / file).read_text()
    free = {"project_name", "description", "owner_email"}  # the others hold letters, digits and a little punctuation
    expressions = re.findall(r"\{\{(.*?)\}\}", text)
    assert expressions
    if file != "README.md":
        assert not [e for e in expressions if any(name in e for name in free) and not e.strip().endswith("| tojson")]


def test_matrix_holds_every_pair_in_few_combinations():
    assert len(MATRIX) < 25  # four use cases times five sources are 20


@pytest.mark.parametrize("combination", MATRIX, ids=label)
def test_project_has_no_placeholder_left(bake, combination):
    left = re.compile(rb"\{\{ ?cookiecutter|\{%-? |cookiecutter\.[a-z_]+ ?(?:\||\}\})")
    project = bake(combination)
    assert not [path for path in files(project, "*") if left.search(path.read_bytes())]


@pytest.mark.parametrize("combination", MATRIX, ids=label)
def test_project_files_can_be_parsed(bake, combination):
    project = bake(combination)
    readers = {".json": json.loads, ".ipynb": json.loads, ".toml": tomllib.loads, ".py": ast.parse}
    readers |= dict.fromkeys((".yml", ".yaml"), partial(yaml.load, Loader=yaml.SafeLoader))
    found = list(files(project, *(f"*{suffix}" for suffix in readers)))
    for path in found:
        readers[path.suffix](path.read_text())
    assert {path.suffix for path in found} >= {".json", ".ipynb", ".toml", ".py", ".yml"}


@pytest.mark.parametrize("combination", MATRIX, ids=label)
def test_project_settings_are_the_answers(bake, combination):
    settings = json.loads((bake(combination) / "terraform" / "terraform.auto.tfvars.json").read_text())
    assert settings["source_code"]["kind"] == combination["source"]
    assert settings["endpoint"]["kind"] == combination["endpoint_kind"]
    assert settings["stages"] == combination["stages"].split("+")
    assert settings["training"]["instance_types"][0] == combination["training_instance_type"]
    assert settings["region"] == combination["aws_region"]


@pytest.mark.parametrize("combination", [one for one in MATRIX if one not in FIRST.values()], ids=label)
def test_project_differs_by_its_answers_in_a_few_files_only(bake, combination):
    projects = (bake(FIRST[combination["use_case"]]), bake(combination))
    one, other = ({path.relative_to(p).as_posix(): path.read_bytes() for path in files(p, "*")} for p in projects)
    assert {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)} <= JINJA | {".mlops.json"}


@pytest.mark.parametrize("use_case", FIRST)
@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "terraform fmt -check -recursive"])
def test_project_is_clean_for(bake, command, use_case):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    options = {"cwd": bake(FIRST[use_case]), "env": {**os.environ, "PATH": path}, "capture_output": True, "text": True}
    done = subprocess.run(command.split(), **options)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("use_case", FIRST)
def test_project_passes_its_own_lint(bake, use_case):
    """With one environment's tools, so that none is installed for this alone; what it lacks counts as untyped."""
    tools = environment(bake(FIRST["tabular"])).parent
    done = subprocess.run(
        ["make", "lint", f"BIN={tools}", "--assume-old=.venv/installed"],
        cwd=bake(FIRST[use_case]), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("combination", MATRIX, ids=label)
def test_project_declares_the_variables_that_its_settings_set(bake, combination):
    terraform = bake(combination) / "terraform"
    declared = set(re.findall(r'^variable "(\w+)"', (terraform / "variables.tf").read_text(), re.MULTILINE))
    assert set(json.loads((terraform / "terraform.auto.tfvars.json").read_text())) <= declared


@pytest.mark.slow
@pytest.mark.parametrize("combination", MATRIX[:5], ids=label)  # every source, endpoint kind and number of stages
def test_project_terraform_is_valid(bake, combination):
    assert Terraform(bake(combination), embedded=True).validate() == "Success! The configuration is valid."
