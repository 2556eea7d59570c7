"""The use case document-extraction in a generated project: its sample, its endpoint, its figures on real receipts.

Its own tests run in the Check stage of tests/loop/test_use_cases.py.
"""

import json
import os
import shutil
from pathlib import Path
from statistics import mean

import pytest

from cookiecutter_mlops import scaffold
from tests.template.conftest import run

from . import document_sample

REAL_DATA = Path(os.environ.get("MLOPS_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
RECEIPTS = REAL_DATA / "receipts"
JUDGE = Path(__file__).parent / "receipts.py"


def test_sample_is_what_its_generator_makes():
    assert document_sample.SAMPLE.read_text(encoding="utf-8").splitlines() == document_sample.rows()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    given = {"project_name": "Receipts", "use_case": "document-extraction"}
    return scaffold.create(given, tmp_path_factory.mktemp("documents"))


def test_endpoint_is_asynchronous_unless_another_is_asked_for(project):
    settings = json.loads((project / "terraform" / "terraform.auto.tfvars.json").read_text())
    assert settings["endpoint"]["kind"] == "asynchronous"


@pytest.mark.slow
@pytest.mark.skipif(not RECEIPTS.exists(), reason=f"real data: {RECEIPTS} is not there")
def test_fields_of_real_receipts_are_found(project, tmp_path):
    """One of the five folds; `python receipts.py` tells all of them."""
    done = run(project, JUDGE, RECEIPTS, tmp_path / "told.json", "1")
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "told.json").read_text())
    (reached,), (ruled,) = told["model"], told["rules"]
    assert told["receipts"] == 340
    least = {"date": 0.95, "total": 0.85, "company": 0.72, "address": 0.65}
    assert {name: reached[name] for name in least if reached[name] < least[name]} == {}
    assert reached["exact_match"] > ruled["exact_match"] + 0.1
    if shutil.which("tesseract"):  # the fold's receipts that have an image, read from it: letters are misread
        assert len(told["scans"]) == 6
        assert mean(scan["total"] for scan in told["scans"]) >= 0.5
    assert mean(right for _, right in told["sure"]) == pytest.approx(mean(sure for sure, _ in told["sure"]), abs=0.1)
