"""One real project on one embedded AWS, applied, pushed, trained and released once, for every test of this folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cookiecutter_mlops.loop import LoopProject

REPOSITORY = Path(__file__).resolve().parents[2]


def real_data() -> Path:
    return Path(os.environ.get("MLOPS_REAL_DATA", REPOSITORY.parent / "shared" / "data"))


def new_project(folder: Path, *arguments: str) -> Path:
    """Make a project in a folder with `mlops new` and return its path."""
    command = [sys.executable, "-m", "cookiecutter_mlops", "new", "Salary Prediction", "--no-input"]
    command += ["--output-dir", str(folder), "owner_email=team@example.com", *arguments]
    subprocess.run(command, check=True)
    return folder / "salary-prediction"


@pytest.fixture(scope="session")
def salaries() -> Path:
    """28,155 workers of the US Current Population Survey of March 1988; the target is `wage`, dollars a week."""
    workbook = real_data() / "salaries" / "cps1988.xlsx"
    if not workbook.exists():
        pytest.skip(f"real data: {workbook} is not there; set MLOPS_REAL_DATA to the folder that holds salaries/")
    return workbook


@pytest.fixture(scope="session")
def released(salaries, tmp_path_factory):
    """A project made from the salary workbook, with its first model in production."""
    folder = tmp_path_factory.mktemp("loop")
    project = LoopProject(new_project(folder, "stages=prod", "--data", str(salaries), "--target", "wage"))
    try:
        project.up()
        project.mlops("apply")
        project.mlops("data", "push", str(salaries))
        assert project.train() == "Succeeded", project.logs()
        assert project.approve() == "Succeeded", project.logs()
        yield project
    finally:
        project.down()
