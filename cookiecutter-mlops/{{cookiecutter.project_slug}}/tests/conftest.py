"""What several tests share: a small problem that is independent of project.toml, and one model of the real one."""

import gc
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ["MLOPS_WEIGHTS"] = "none"  # gigabytes that a build has not: a model that begins from nothing is tested
os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy: threads cost more than so few rows gain

import pytest
import sample_gate  # noqa: F401  # before anything that reads project.toml
from fake_aws import aws as aws  # the fixture of every test of the pipelines
from fake_stage import stage as stage  # that of the function that launches jobs
from serving import client as client  # that of every test of the server

from training.settings import Settings, load_settings, parse_settings

ROOT = Path(__file__).parent.parent
COMMIT = "0123abc"


def pytest_sessionstart() -> None:
    gc.disable()  # while libraries are opened: to look through what they keep, again and again, takes seconds


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture
def settings() -> Settings:
    """A price from a size, a colour, a flag and a day."""
    return parse_settings(
        {
            "problem": {"type": "regression", "target": "price", "metric": "mae"},
            "gate": {"minimum_rows": 3},
            "columns": [
                {"name": "price", "type": "number", "minimum": 0, "missing": 0.5},
                {"name": "size", "type": "number", "maximum": 100, "missing": 0.5},
                {"name": "colour", "type": "category", "categories": ["red", "blue"], "missing": 0.5},
                {"name": "sold", "type": "boolean", "missing": 0},
                {"name": "day", "type": "date", "minimum": "2020-01-01", "missing": 1},
            ],
        }
    )


def new_base(folder: Path) -> Path:
    """A job's own /opt/ml, with the project's sample as its channel."""
    channel = folder / "input/data/training"
    channel.mkdir(parents=True)
    shutil.copy(ROOT / load_settings(ROOT / "project.toml").data.sample, channel)
    return folder


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A training job in a process of its own, as SageMaker starts one: its base folder, and what it printed."""
    base = new_base(tmp_path_factory.mktemp("ml"))
    given = os.environ | {"SM_BASE_DIR": str(base), "MLOPS_COMMIT": COMMIT, "PYTHONPATH": str(ROOT / "tests")}
    code = "import sample_gate; from training import contract; contract.main(['train'])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=given, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return base, done.stdout


@pytest.fixture(scope="session")
def trained(job: tuple[Path, str]) -> Path:
    """The base folder of that job: model/ and output/data/ are in it."""
    return job[0]


@pytest.fixture(scope="session")
def samples(trained: Path) -> list[dict[str, Any]]:
    """The requests that the model's record keeps, with their answers."""
    return json.loads((trained / "model/samples.json").read_text())
