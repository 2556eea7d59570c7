"""What the demo reads out of Terraform's output and out of a project."""

import subprocess
import sys
from io import StringIO

import pytest
from click.testing import CliRunner
from rich.console import Console

from cookiecutter_mlops import demo, scaffold
from cookiecutter_mlops.errors import MlopsError

OUTPUT = """
module.key.aws_kms_key.this: Creation complete after 8s [id=1]
module.bucket["data"].aws_s3_bucket.this: Creation complete after 2s [id=data]
module.bucket["data"].aws_s3_bucket_lifecycle_configuration.this: Still creating... [50s elapsed]
module.bucket["data"].aws_s3_bucket_lifecycle_configuration.this: Creation complete after 1m5s [id=data]
"""


def test_waits_of_the_provider_are_told_apart_from_work():
    assert demo.applied(OUTPUT) == {"resources": 3, "provider_waits_seconds": 63}


def test_apply_without_changes_has_no_waits():
    assert demo.applied("No changes.") == {"resources": 0, "provider_waits_seconds": 0}


def test_long_answer_is_shortened_on_the_screen():
    assert demo.shortened({"predictions": [1.5]}) == '{"predictions": [1.5]}'
    assert demo.shortened("x" * 500) == "x" * 400 + "…"


def test_data_of_ones_own_is_for_tables():
    command = [sys.executable, "-m", "cookiecutter_mlops", "demo", "--use-case", "call-analytics"]
    refused = subprocess.run([*command, "--data", "calls.csv", "--target", "intents"], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "--data makes a project of tables" in refused.stderr


def test_pipeline_that_takes_too_long_ends_the_demo_with_a_sentence(tmp_path, monkeypatch):
    def prepare(*_):
        raise TimeoutError("salary-prediction-train: execution 1 still runs after 900 s")

    monkeypatch.setattr(demo, "_prepare", prepare)
    ended = CliRunner().invoke(demo.demo, ["--folder", str(tmp_path)])
    assert ended.exit_code == 1
    assert "Error: salary-prediction-train: execution 1 still runs after 900 s; is this machine busy?" in ended.output


@pytest.mark.parametrize(("use_case", "again"), [("tabular", ""), ("call-analytics", "USE_CASE=call-analytics ")])
def test_demo_ends_with_what_its_use_case_takes(tmp_path, use_case, again):
    run = demo.Demo(tmp_path, "Any", Console(file=StringIO(), soft_wrap=True), {"seconds": 1})
    demo._what_next(run, keep=False, use_case=use_case)
    said = run.console.file.getvalue()
    assert f"make demo {again}KEEP=1\n" in said
    assert ("TARGET=column" in said) is (use_case == "tabular")


def test_help_of_the_demo_has_an_example():
    command = [sys.executable, "-m", "cookiecutter_mlops", "demo", "--help"]
    assert "Example: mlops demo" in subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_answer_is_readable_on_the_screen():
    answer = {"predictions": [{"text": "x" * 500, "words": list(range(50)), "total": {"value": "12.50", "page": 1}}]}
    shown = demo.readable(answer)
    assert max(map(len, shown.splitlines())) < 160
    assert "'total': {'value': '12.50', 'page': 1}" in shown
    assert "... +44" in shown
    assert demo.readable({"document": '{"pages": [{"words": []}]}'}) == "    {'document': {'pages': [{'words': []}]}}"
    assert demo.readable("{not JSON") == "    '{not JSON'"


@pytest.fixture
def left(tmp_path):
    """A project as a demo leaves it."""
    return scaffold.create({"project_name": "Salary Prediction", "owner_email": "a@example.com"}, tmp_path / "demo")


def test_demo_takes_the_project_of_the_last_one_away(left):
    (left / ".mlops").mkdir(exist_ok=True)
    (left / ".mlops" / "made.txt").write_text("by the embedded AWS")
    demo.make_room(left)
    assert not left.exists()


@pytest.mark.parametrize("work", ["change", "file", "commit", "no repository"])
def test_demo_leaves_work_where_it_is(left, work):
    if work == "no repository":
        (left / ".git").rename(left.parent / "git")
    elif work == "file":
        (left / "thesis.txt").write_text("years of work")
    else:
        (left / "training" / "model.py").write_text("mine")
    if work == "commit":
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "Mine"], cwd=left)
    with pytest.raises(MlopsError, match="--folder other"):
        demo.make_room(left)
    assert left.is_dir()


def test_demo_leaves_what_else_is_in_its_folder(left):
    (left.parent / "notes.txt").write_text("keep")
    demo.make_room(left)
    assert [file.name for file in left.parent.iterdir()] == ["notes.txt"]
