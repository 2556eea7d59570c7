"""What several tests share: a small problem that is independent of project.toml, and one model of the real one."""

import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy: threads cost more than so few rows gain

import pytest
from fake_aws import aws as aws  # the fixture of every test of the pipelines

from training.settings import Settings, load_settings, parse_settings
from training.train import train

ROOT = Path(__file__).parent.parent


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


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base folder of a job that trained on the project's own sample: model/ and output/data/ are in it."""
    base, own = tmp_path_factory.mktemp("ml"), load_settings(ROOT / "project.toml")
    train(ROOT / own.data.sample, base, own)
    return base


@pytest.fixture(scope="session")
def samples(trained: Path) -> list[dict[str, Any]]:
    """The requests that the model's record keeps, with their answers."""
    return json.loads((trained / "model/samples.json").read_text())
