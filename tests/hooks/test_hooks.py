"""The hooks as plain functions: what they refuse, and what they make of a rendered folder."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import post_gen_project
import pre_gen_project
import pytest

from cookiecutter_mlops import answers, scaffold

REPOSITORY = Path(__file__).resolve().parents[2]
STANDARD_LIBRARY_ONLY = [
    *sorted((REPOSITORY / "hooks").glob("*.py")),
    *(REPOSITORY / "generator" / "cookiecutter_mlops" / name for name in ("__init__.py", "answers.py", "naming.py")),
]


@pytest.fixture
def context() -> dict:
    return {**scaffold.complete({"project_name": "Salary Prediction"}), "_template": "x"}


def test_good_answers_pass(context, capsys):
    assert pre_gen_project.main(context) == 0
    assert capsys.readouterr().err == ""


def test_each_bad_answer_gets_a_sentence(context, capsys):
    assert pre_gen_project.main({**context, "aws_region": "Ireland", "owner_email": "x"}) == 1
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == ["owner_email", "aws_region"]


def test_modules_that_terraform_names_are_copied_byte_for_byte_with_those_that_they_name(tmp_path):
    (tmp_path / "terraform").mkdir()
    (tmp_path / "terraform" / "main.tf").write_text('module "invoker" {\n  source = "./modules/lambda-invoker"\n}\n')
    post_gen_project.copy_modules(tmp_path)
    copied = tmp_path / "terraform" / "modules" / "lambda-invoker"
    source = REPOSITORY / "terraform-modules" / "lambda-invoker"
    folders = {folder.name for folder in copied.parent.iterdir() if folder.is_dir()}
    assert folders == {"lambda-invoker", "lambda-network"}
    assert (copied / "main.tf").read_bytes() == (source / "main.tf").read_bytes()
    assert not (copied / "tests").exists() and not (copied / "examples").exists()


def test_litter_of_tools_is_removed(tmp_path):
    (tmp_path / "training" / "__pycache__").mkdir(parents=True)
    (tmp_path / ".ruff_cache" / "0.1").mkdir(parents=True)
    post_gen_project.remove_litter(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["training"]


def test_functions_are_packed_by_the_project_s_own_code(tmp_path):
    source = scaffold.template() / "{{cookiecutter.project_slug}}"
    for folder in ("functions", "pipelines"):
        shutil.copytree(source / folder, tmp_path / folder)
    post_gen_project.pack_functions(tmp_path)
    packages = list((tmp_path / "functions" / "build").glob("*.zip"))
    assert packages
    check = [sys.executable, "-B", "-m", "pipelines.functions", "--check"]
    assert subprocess.run(check, cwd=tmp_path).returncode == 0


def test_record_holds_the_answers_and_nothing_of_this_machine(tmp_path, context):
    post_gen_project.record_answers(tmp_path, answers.public(context))
    record = json.loads((tmp_path / ".mlops.json").read_text())
    assert list(record["answers"]) == list(answers.RULES)
    assert record["version"]


@pytest.mark.parametrize("file", STANDARD_LIBRARY_ONLY, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_module_of_the_hooks_imports_the_standard_library_only(file):
    tree = ast.walk(ast.parse(file.read_text()))
    names = [a.name for n in tree if isinstance(n, ast.Import) for a in n.names]
    names += [n.module for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.ImportFrom) and n.module]
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | {"cookiecutter_mlops"}
