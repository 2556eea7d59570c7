"""The container contract: what SageMaker sees of a training job, once in a real process."""

import json
import shutil
import signal
from pathlib import Path

import pytest
from conftest import COMMIT, new_base

from training import contract
from training.artifact import verify
from training.settings import load_settings

ROOT = Path(__file__).parent.parent
SETTINGS = load_settings(ROOT / "project.toml")


@pytest.fixture
def base(tmp_path, monkeypatch):
    """A job's own /opt/ml, which this process takes for its own."""
    monkeypatch.setenv("SM_BASE_DIR", str(tmp_path))
    monkeypatch.chdir(ROOT)
    handler = signal.getsignal(signal.SIGTERM)
    yield new_base(tmp_path)
    signal.signal(signal.SIGTERM, handler)


def failure(base: Path, command: str) -> str:
    """The sentence that a failing command leaves for SageMaker."""
    with pytest.raises(SystemExit) as end:
        contract.main([command])
    assert end.value.code == 1
    return (base / "output/failure").read_text()


def test_training_leaves_a_sealed_model_and_an_evaluation(job):
    base, printed = job
    evaluation = json.loads((base / "output/data/evaluation.json").read_text())
    assert f"metric={evaluation['value']:.6f} baseline={evaluation['baseline']:.6f}" in printed
    assert evaluation["metric"] == SETTINGS.problem.metric
    manifest = verify(base / "model")
    assert manifest["commit"] == evaluation["commit"] == COMMIT
    assert {"schema.json", "baseline.json", "samples.json", "serving.json"} <= set(manifest["files"])
    assert manifest["serving"] == evaluation["serving"]
    assert not (base / "output/failure").exists()


def test_training_on_no_data_fails_with_a_sentence(base, capfd):
    shutil.rmtree(base / "input/data/training")
    assert "no such file" in failure(base, "train")
    assert "Traceback" not in capfd.readouterr().err
    assert not (base / "model").exists()


def test_training_error_of_a_program_fails_with_its_traceback_in_the_log(base, capfd, monkeypatch):
    monkeypatch.setattr("training.model.fit", lambda *_: 1 / 0)
    assert failure(base, "train") == "ZeroDivisionError: division by zero"
    assert "Traceback" in capfd.readouterr().err


def test_hyperparameters_of_the_job_reach_the_model(base):
    (base / "input/config").mkdir()
    given = {"_tuning_objective_metric": "metric", "no_such_parameter": "0.5"}  # the first one is SageMaker's own
    (base / "input/config/hyperparameters.json").write_text(json.dumps(given))
    assert "no_such_parameter" in failure(base, "train")


def test_machines_that_would_each_learn_a_model_of_their_own_fail_with_a_sentence(base, monkeypatch):
    monkeypatch.setattr("training.distributed.MODELS", {})
    (base / "input/config").mkdir()
    (base / "input/config/resourceconfig.json").write_text(json.dumps({"current_host": "b", "hosts": ["a", "b"]}))
    assert f"{SETTINGS.model.name} learns on one machine, on 2 each would" in failure(base, "train")
    assert not (base / "model").exists()


def test_serving_a_folder_that_is_no_model_fails_with_a_sentence(base):
    assert "manifest.json" in failure(base, "serve")


def test_unknown_command_is_refused():
    with pytest.raises(SystemExit, match=r"train\|serve"):
        contract.main(["tune"])
