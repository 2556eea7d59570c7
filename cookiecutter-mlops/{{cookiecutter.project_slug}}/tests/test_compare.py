"""The candidate and the live model on the same rows: what the gate is told."""

import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from conftest import COMMIT

from inference import handler
from training import compare, explain, model
from training.files import data_version
from training.settings import load_settings
from training.train import train

ROOT = Path(__file__).parent.parent


def test_improvement_of_the_same_losses_is_nothing():
    losses = np.random.default_rng(0).uniform(0, 1, 200)
    assert compare.improvement(losses, losses, seed=0) == (0.0, (0.0, 0.0))
    assert compare.improvement(np.zeros(5), np.zeros(5), seed=0) == (0.0, (0.0, 0.0))


def test_interval_holds_the_truth_as_often_as_it_says(monkeypatch):
    """A tenth of the loss is gone in the population; about 95 of 100 samples must say so."""
    monkeypatch.setattr(compare, "DRAWS", 500)
    rng, hits = np.random.default_rng(0), 0
    for seed in range(100):
        theirs = rng.exponential(1, 300)
        low, high = compare.improvement(0.9 * theirs + rng.normal(0, 0.3, 300), theirs, seed)[1]
        hits += low <= 0.1 <= high
    assert 88 <= hits <= 100


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_improvement_without_numbers_is_no_number(bad: float):
    gone, interval = compare.improvement(np.array([1.0, bad]), np.array([1.0, 2.0]), seed=0)
    assert np.isnan([gone, *interval]).all()


def as_champion(model: Path, base: Path) -> None:
    """Lay a model where the channel of a job has it, as SageMaker packs it."""
    (base / "input/data/champion").mkdir(parents=True)
    with tarfile.open(base / "input/data/champion/model.tar.gz", "w:gz") as tar:
        tar.add(model, arcname=".")


def test_model_against_itself_is_no_better_and_no_worse(trained: Path, tmp_path: Path, monkeypatch):
    own = load_settings(ROOT / "project.toml")
    as_champion(trained / "model", tmp_path)
    monkeypatch.setenv("MLOPS_LIVE_VERSION", "7")
    monkeypatch.setenv("MLOPS_COMMIT", COMMIT)
    monkeypatch.setattr(explain, "explain", lambda *_: {})  # takes its time, and is no part of a model
    told = train(trained / "input/data/training", tmp_path, own)["live"]
    assert (told["version"], told["improvement"], told["interval"]) == ("7", 0.0, (0.0, 0.0))
    first, second = (json.loads((base / "model/manifest.json").read_text()) for base in (trained, tmp_path))
    assert first == second  # trained twice, in two processes: the same bytes


def test_live_model_that_cannot_answer_is_told(trained: Path, tmp_path: Path):
    own = load_settings(ROOT / "project.toml")
    shutil.copytree(trained / "model", tmp_path / "spoilt")
    (tmp_path / "spoilt/schema.json").write_text("{}")
    as_champion(tmp_path / "spoilt", tmp_path)
    archive = tmp_path / "input/data/champion/model.tar.gz"
    assert "schema.json differs from its sha256" in str(compare.live_scores(archive, None, own, "v1"))
    archive.write_bytes(b"no archive")
    assert "cannot be asked" in str(compare.live_scores(archive, None, own, "v1"))
    assert compare.live_scores(tmp_path / "nothing", None, own, "v1") is None


def test_live_model_that_answers_otherwise_under_new_code_is_not_compared(trained: Path, tmp_path: Path, monkeypatch):
    own = load_settings(ROOT / "project.toml")
    as_champion(trained / "model", tmp_path)
    archive, version = tmp_path / "input/data/champion/model.tar.gz", data_version(ROOT / own.data.sample)
    _, rows = model.load(ROOT / own.data.sample, own)
    assert isinstance(compare.live_scores(archive, rows, own, version), tuple)
    evaluate = model.evaluate

    def evaluate_otherwise(*arguments):
        values, losses = evaluate(*arguments)
        return {name: value * 1.01 for name, value in values.items()}, losses

    monkeypatch.setattr(model, "evaluate", evaluate_otherwise)
    assert f"{own.problem.metric} is" in str(compare.live_scores(archive, rows, own, version))
    monkeypatch.setattr(handler, "predict", lambda *_: {"predictions": [0.5]})
    assert "answers {'predictions': [0.5]}" in str(compare.live_scores(archive, rows, own, "other data"))


def test_slices_hold_the_mean_loss_of_each_value(monkeypatch: pytest.MonkeyPatch, settings):
    monkeypatch.setattr("training.model.groups", lambda rows, column: rows[column])
    monkeypatch.setitem(settings.gate.slices, "colour", 0.1)
    rows = {"colour": ["red", "blue", "red"]}
    mine, theirs = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])
    told = compare.slices(rows, mine, {"live": theirs}, settings)
    assert told == [
        {"column": "colour", "value": "blue", "rows": 1, "loss": 2.0, "live": 2.0},
        {"column": "colour", "value": "red", "rows": 2, "loss": 2.0, "live": 2.0},
    ]
