"""A network on two machines, here processes: they average their gradients over gloo. Without torch it skips."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
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


def start(folder, epochs, first, last, host=""):
    """A process that learns from some of the rows, on one of the two machines or alone."""
    base = folder / f"{host or 'alone'}-{epochs}-{first}-{last}"
    (base / "input/config").mkdir(parents=True)
    if host:
        told = {"current_host": host, "hosts": HOSTS, "network_interface_name": LOOPBACK}
        (base / "input/config/resourceconfig.json").write_text(json.dumps(told))
    command = [sys.executable, "-c", FIT, *map(str, (epochs, first, last, base / "weights.npz"))]
    return base, subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"SM_BASE_DIR": str(base)}, stderr=subprocess.PIPE
    )


def learned(*started):
    found = []
    for base, process in started:
        said = process.communicate()[1].decode()
        assert process.returncode == 0, said
        found.append(np.load(base / "weights.npz"))
    return found


@pytest.fixture
def port(monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MASTER_PORT", str(probe.getsockname()[1]))


@pytest.mark.parametrize("epochs", [1, 20])  # a step each
def test_two_machines_take_the_steps_that_one_takes_with_all_their_rows(tmp_path, port, epochs):
    pytest.importorskip("torch", reason="pytorch is not in requirements/model.txt")
    machines = [start(tmp_path, epochs, *part, host) for host, part in zip(HOSTS, ((0, 24), (24, 64)), strict=True)]
    first, second, alone, part = learned(*machines, start(tmp_path, epochs, 0, 64), start(tmp_path, epochs, 0, 24))
    assert np.array_equal(first["weights"], second["weights"])
    assert np.array_equal(first["losses"], second["losses"])
    assert np.abs(first["weights"] - alone["weights"]).max() < 1e-5
    assert np.abs(first["weights"] - part["weights"]).max() > 1e-4
