"""The container contract, in real processes: what SageMaker sees of a training job."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from training.artifact import verify
from training.settings import load_settings

ROOT = Path(__file__).parent.parent
SETTINGS = load_settings(ROOT / "project.toml")


@pytest.fixture
def job(tmp_path):
    """Run the job in its own /opt/ml; the sample, perhaps changed before, is its channel."""
    channel = tmp_path / "input/data/training"
    channel.mkdir(parents=True)
    shutil.copy(ROOT / SETTINGS.data.sample, channel)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "training.contract", *arguments],
            cwd=ROOT,
            text=True,
            capture_output=True,
            timeout=120,
            env=os.environ | {"SM_BASE_DIR": str(tmp_path)} | environment,
        )

    return tmp_path, run


def test_training_leaves_a_sealed_model_and_an_evaluation(job):
    base, run = job
    done = run("train", MLOPS_COMMIT="0123abc")
    assert done.returncode == 0, done.stderr
    evaluation = json.loads((base / "output/data/evaluation.json").read_text())
    assert f"metric={evaluation['value']:.6f} baseline={evaluation['baseline']:.6f}" in done.stdout
    assert evaluation["metric"] == SETTINGS.problem.metric
    manifest = verify(base / "model")
    assert manifest["commit"] == evaluation["commit"] == "0123abc"
    assert {"model.skops", "schema.json", "baseline.json", "samples.json"} == set(manifest["files"])
    assert not (base / "output/failure").exists()


def test_training_on_no_data_fails_with_a_sentence(job):
    base, run = job
    shutil.rmtree(base / "input/data/training")
    done = run("train")
    assert done.returncode == 1
    assert "no such file" in (base / "output/failure").read_text()
    assert "Traceback" not in done.stderr
    assert not (base / "model").exists()


def test_hyperparameters_of_the_job_reach_the_model(job):
    base, run = job
    (base / "input/config").mkdir()
    (base / "input/config/hyperparameters.json").write_text(json.dumps({"no_such_parameter": "0.5"}))
    assert run("train").returncode == 1
    assert "no_such_parameter" in (base / "output/failure").read_text()


def test_serving_a_folder_that_is_no_model_fails_with_a_sentence(job):
    base, run = job
    done = run("serve")
    assert done.returncode == 1
    assert "manifest.json" in (base / "output/failure").read_text()


def test_unknown_command_is_refused(job):
    _, run = job
    assert "train|serve" in run("tune").stderr
