"""The tabular use case in a generated project: its sample, its figures on real data, its sentences for bad data."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment

from . import tabular_sample

REPOSITORY = Path(__file__).resolve().parents[2]
OVERLAY = REPOSITORY / "cookiecutter-mlops" / "use-cases" / "tabular"
REAL_DATA = Path(os.environ.get("MLOPS_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
SALARIES = REAL_DATA / "salaries" / "cps1988.xlsx"
RULES = {"education": "number", "experience": "number", "ethnicity": "category", "smsa": "boolean",
         "region": "category", "parttime": "boolean"}  # fmt: skip
SETTINGS = """
[problem]
type = "regression"
target = "wage"
metric = "mae"
[gate]
minimum_rows = 5000
[[columns]]
name = "wage"
type = "number"
minimum = 0
missing = 0
""" + "".join(f'[[columns]]\nname = "{name}"\ntype = "{kind}"\nmissing = 0.1\n' for name, kind in RULES.items())


def test_sample_is_what_its_generator_makes():
    assert (OVERLAY / "data" / "sample.csv").read_text().splitlines() == tabular_sample.rows()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project that predicts wages from the columns of the survey."""
    project = scaffold.create({"project_name": "Salary Prediction"}, tmp_path_factory.mktemp("tabular"))
    (project / "project.toml").write_text(SETTINGS)
    return project


def train(project: Path, file: Path, base: Path) -> subprocess.CompletedProcess[str]:
    """Train on a file by the container contract, with /opt/ml moved to `base`."""
    channel = base / "input/data/training"
    channel.mkdir(parents=True)
    if file.exists():
        shutil.copy(file, channel)
    command = [environment(project), "-m", "training.contract", "train"]
    variables = os.environ | {"SM_BASE_DIR": str(base)}
    return subprocess.run(command, cwd=project, env=variables, text=True, capture_output=True)


@pytest.mark.skipif(not SALARIES.exists(), reason=f"real data: {SALARIES} is not there")
def test_salaries_are_predicted_to_228_dollars_a_week(project, tmp_path):
    done = train(project, SALARIES, tmp_path)
    assert done.returncode == 0, done.stderr
    evaluation = json.loads((tmp_path / "output/data/evaluation.json").read_text())
    assert evaluation["rows"] == {"train": 22491, "holdout": 5664}
    assert evaluation["value"] <= 228
    assert evaluation["baseline"] > 300
    assert json.loads((tmp_path / "model/schema.json").read_text())["log_target"] is True


@pytest.mark.skipif(not SALARIES.exists(), reason=f"real data: {SALARIES} is not there")
def test_salaries_that_do_not_fit_into_memory_are_predicted_as_well_by_a_line(project, tmp_path):
    """A line in memory comes to 235 dollars; the mean to 306 (shared/data)."""
    beyond = '\n[data]\nmemory_gb = 0.001\n[model]\nname = "linear"\n'
    (project / "project.toml").write_text(SETTINGS + beyond)
    try:
        done = train(project, SALARIES, tmp_path)
    finally:
        (project / "project.toml").write_text(SETTINGS)
    assert done.returncode == 0, done.stderr
    assert "batch by batch from disk" in done.stdout
    evaluation = json.loads((tmp_path / "output/data/evaluation.json").read_text())
    assert evaluation["rows"] == {"train": 22491, "holdout": 5664}
    assert evaluation["value"] <= 240


def spoilt(**changes) -> pd.DataFrame:
    """Sixty right rows, some of them changed."""
    row = {"wage": 300.0, "education": 12, "experience": 5, "ethnicity": "cauc", "smsa": "yes", "region": "south",
           "parttime": "no"}  # fmt: skip
    return pd.DataFrame([row] * 60).assign(**changes)


@pytest.mark.parametrize(("table", "words"), [
    (None, ["holds no", ".xlsx"]),
    (pd.DataFrame(), ["workers.xlsx", "empty"]),
    (spoilt().drop(columns="wage"), ["workers.xlsx", "no column 'wage'", "education"]),
    (spoilt(region=None), ["workers.xlsx", "column 'region' is empty"]),
    (spoilt(education=["twelve"] + [12] * 59), ["workers.xlsx, row 2", "education must be a number", "'twelve'"]),
    (spoilt(), ["60 rows are too few", "5000"]),
], ids=["missing file", "empty sheet", "no target", "empty column", "text for a number", "few rows"])  # fmt: skip
def test_bad_data_ends_as_one_sentence_and_no_model(project, tmp_path, table, words):
    file = tmp_path / "workers.xlsx"
    if table is not None:
        table.to_excel(file, index=False)
    done = train(project, file, tmp_path / "ml")
    sentence = (tmp_path / "ml/output/failure").read_text()
    assert done.returncode == 1
    assert [word for word in words if word not in sentence] == []
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "ml/model").exists()
