"""Two machines, here processes: networks average their gradients, boosters add up what they count in their rows.

A library that requirements/model.txt has not installed skips.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT, HOSTS = Path(__file__).parent.parent, ("127.0.0.1", "localhost")
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
FIT = """
import sys
import numpy as np
from training import hosts
from training.frameworks import pytorch
from training.frameworks.network import Network
epochs, first, last, file = *map(int, sys.argv[1:4]), sys.argv[4]
inputs = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)[first:last]
known = (inputs @ np.array([[1], [-2], [3]])).astype(np.float32) ** 2
machines, asked = hosts.here(), Network("pytorch", epochs=epochs, width=8, batch_size=64, learning_rate=0.01)
asked.outputs_ = 1
whole = {"iterator_train__shuffle": False, "train_split": lambda rows, known: (rows, rows)}
machines.join()
averaging = [pytorch.Averaging()] if len(machines) > 1 else []
trained = pytorch.trainer(asked, 3, averaging, **whole).fit(inputs, known)
weights = np.concatenate([one.detach().numpy().ravel() for one in trained.module_.parameters()])
np.savez(file, weights=weights, losses=trained.history[:, "valid_loss"])
"""
BOOST = """
import json, sys
from pathlib import Path
import numpy as np
from training import model
from training.checkpoint import Checkpoints
from training.settings import parse_settings
settings, file = parse_settings(json.loads(sys.argv[1])), Path(sys.argv[2])
learn, judge = model.load(file, settings)
fitted = model.fit(learn, settings, Checkpoints(Path(sys.argv[3]).parent / "checkpoints", "own"))
shares = model.probabilities(fitted, judge)
loss = model.evaluate(fitted, judge, settings)[0]["log_loss"]
trivial = model.evaluate(model.trivial(learn, settings), judge, settings)[0]["log_loss"]
np.savez(sys.argv[3], shares=shares, classes=[*shares], losses=[loss, trivial])
"""
COLUMNS = [{"name": "kind", "type": "category"}, {"name": "size", "type": "number"}, {"name": "age", "type": "number"}]


def start(folder, program, *arguments, host=""):
    """A process on one of the two machines or alone; what it learned is in the file that it is told last."""
    base = folder / (host or "alone")
    (base / "input/config").mkdir(parents=True, exist_ok=True)
    if host:
        told = {"current_host": host, "hosts": HOSTS, "network_interface_name": LOOPBACK}
        (base / "input/config/resourceconfig.json").write_text(json.dumps(told))
    command = [sys.executable, "-c", program, *map(str, (*arguments, base / "learned.npz"))]
    variables = os.environ | {"SM_BASE_DIR": str(base), "OMP_NUM_THREADS": "1"}  # both are on this machine's cores
    return base, subprocess.Popen(
        command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def learned(*started):
    """What the processes found, and what they said."""
    found = []
    for base, process in started:
        said = process.communicate()[0]
        assert process.returncode == 0, said
        found.append((np.load(base / "learned.npz"), said))
    return found


@pytest.fixture
def port(monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MASTER_PORT", str(probe.getsockname()[1]))


@pytest.mark.parametrize("epochs", [1, 20])  # a step each
def test_two_machines_take_the_steps_that_one_takes_with_all_their_rows(tmp_path, port, epochs):
    pytest.importorskip("torch", reason="pytorch is not in requirements/model.txt")
    shares = zip(HOSTS, ((0, 24), (24, 64)), strict=True)
    machines = [start(tmp_path, FIT, epochs, *part, host=host) for host, part in shares]
    others = [start(tmp_path / f"{last}", FIT, epochs, 0, last) for last in (64, 24)]
    first, second, alone, part = (found for found, _ in learned(*machines, *others))
    assert np.array_equal(first["weights"], second["weights"])
    assert np.array_equal(first["losses"], second["losses"])
    assert np.abs(first["weights"] - alone["weights"]).max() < 1e-5
    assert np.abs(first["weights"] - part["weights"]).max() > 1e-4


@pytest.fixture
def table(tmp_path):
    """Three kinds of things; every row of the rarest comes to the first of two machines."""
    size, age = np.random.default_rng(0).uniform(0, 10, (2, 600)).round(2)
    kind = np.where(np.arange(600) % 60 == 0, "rare", np.where(size + age > 10, "large", "small"))
    pd.DataFrame({"kind": kind, "size": size, "age": age}).to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


@pytest.mark.parametrize("booster", ["lightgbm", "xgboost"])
def test_two_machines_grow_the_same_trees_and_go_on_from_those_of_the_first(tmp_path, port, table, booster):
    pytest.importorskip(booster, reason=f"{booster} is not in requirements/model.txt")
    problem = {"type": "classification", "target": "kind", "metric": "log_loss"}
    chosen = {"name": booster, "hyperparameters": {"n_estimators": 30, "learning_rate": 0.1}}
    asked = BOOST, json.dumps({"problem": problem, "columns": COLUMNS, "model": chosen}), table
    (first, _), (second, _) = learned(*(start(tmp_path, *asked, host=host) for host in HOSTS))
    assert first["classes"].tolist() == second["classes"].tolist() == ["large", "rare", "small"]
    assert np.array_equal(first["shares"], second["shares"])
    loss, trivial = first["losses"]
    assert loss < 0.7 * trivial
    shutil.rmtree(tmp_path / HOSTS[1] / "checkpoints")  # lost on the way to S3
    (again, said), (other, _) = learned(*(start(tmp_path, *asked, host=host) for host in HOSTS))
    assert "going on from checkpoint" in said
    assert np.array_equal(again["shares"], other["shares"])
    assert again["shares"] == pytest.approx(first["shares"], abs=1e-6)
