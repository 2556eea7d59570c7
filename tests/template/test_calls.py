"""The use case call-analytics in a generated project: its sample, its own tests, its figures on real calls."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from cookiecutter_mlops import scaffold
from tests.template.conftest import run

from . import calls_sample

REPOSITORY = Path(__file__).resolve().parents[2]
OVERLAY = REPOSITORY / "cookiecutter-mlops" / "use-cases" / "call-analytics"
CALLS = Path(os.environ.get("MLOPS_REAL_DATA", REPOSITORY.parent / "shared" / "data")) / "calls"
JUDGE = Path(__file__).parent / "bank_calls.py"


def test_sample_is_what_its_generator_makes():
    assert (OVERLAY / "data" / "sample.csv").read_text() == calls_sample.text()


def test_sample_marks_each_word_of_a_caller():
    rows = [row for row in csv.DictReader(io.StringIO(calls_sample.text())) if row["speaker"] == "customer"]
    assert [row for row in rows if len(row["text"].split()) != len(row["slots"].split())] == []
    assert {slot for row in rows for slot in row["slots"].split()} == {"O", *calls_sample.ASK, "amount"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    given = {"project_name": "Bank Calls", "use_case": "call-analytics"}
    return scaffold.create(given, tmp_path_factory.mktemp("calls"))


@pytest.mark.slow
def test_project_passes_its_own_tests(project):
    done = run(project, "-m", "pytest", "-q")
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.slow
@pytest.mark.skipif(not CALLS.exists(), reason=f"real data: {CALLS} is not there")
def test_intents_of_bank_calls_are_told(project, tmp_path):
    """Word TF-IDF with logistic regression gives 0.922 (shared/data)."""
    done = run(project, JUDGE, CALLS, tmp_path, "test")
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "judged.json").read_text())
    assert told["turns"] == [15213, 4361]
    assert told["model"]["exact_match"] >= 0.935
    assert told["model"]["f1_macro"] >= 0.8
    assert told["trivial"]["exact_match"] == pytest.approx(0.382, abs=0.001)
    assert told["hidden"] >= 0.98
