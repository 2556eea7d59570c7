"""The server as a process of its own: it answers, ends when it is asked to, replaces its workers, and stays small."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from inference.server import run
from training.settings import UserError

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def process(trained, **environment):
    """A client of `serve` in a process of its own, and the process."""
    port = free_port()
    given = os.environ | {"SM_BASE_DIR": str(trained), "SAGEMAKER_BIND_TO_PORT": str(port)} | environment
    command = [sys.executable, "-m", "training.contract", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=given, stdout=subprocess.PIPE, text=True) as server:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                wait_until_up(client, server)
                yield client, server
        finally:
            server.kill()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_real_process_answers_and_ends_on_sigterm(trained, samples, workers):
    with process(trained, SAGEMAKER_MODEL_SERVER_WORKERS=workers) as (client, server):
        for _ in range(5):
            assert client.post("/invocations", json=samples[0]["request"]).json() == samples[0]["response"]
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
        said = json.loads(server.stdout.readline())
    assert (said["event"], said["workers"]) == ("serving", int(workers))
    assert said["rung"] in ("compiled", "numpy", "encoders", "whole")


@pytest.mark.parametrize("port", ["taken", "eighty", "65536"])
def test_port_that_is_not_to_be_had_is_told_in_a_sentence(tmp_path, monkeypatch, port):
    with socket.create_server(("127.0.0.1", 0)) as other:
        asked = str(other.getsockname()[1]) if port == "taken" else port
        monkeypatch.setenv("SM_BASE_DIR", str(tmp_path))
        monkeypatch.setenv("SAGEMAKER_BIND_TO_PORT", asked)
        with pytest.raises(UserError) as told:
            run(tmp_path / "model")  # of which it needs no file yet
    assert str(told.value).startswith(f"PORT: must be a free port of this machine, 1 to 65535 (got: {asked}, ")
    assert "make serve PORT=8081" in str(told.value)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for the processes in /proc")
def test_worker_that_dies_is_replaced_and_none_outlives_its_parent(trained, samples):
    with process(trained, SAGEMAKER_MODEL_SERVER_WORKERS="2") as (client, server):
        wait_for(lambda: len(children(server.pid)) == 2)  # one is enough to answer
        before = children(server.pid)
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda: len(children(server.pid)) == 2 and before[0] not in children(server.pid))
        asked = httpx.post(f"{client.base_url}/invocations", json=samples[0]["request"], timeout=30)
        assert asked.status_code == 200
        orphans = children(server.pid)
        server.kill()
        wait_for(lambda: not any(is_running(orphan) for orphan in orphans))


def children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_plan_is_served_without_pandas_or_scikit_learn(trained):
    if json.loads((trained / "model/serving.json").read_text())["plan"] != "complete":
        pytest.skip("this model is not served by a plan alone")
    code = "import sys; from pathlib import Path; from inference.server import App; App(Path(sys.argv[1])); "
    code += "sys.exit(', '.join({'pandas', 'sklearn', 'scipy'} & set(sys.modules)) or None)"
    done = subprocess.run([sys.executable, "-c", code, trained / "model"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def wait_until_up(client: httpx.Client, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if client.get("/ping").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the server did not come up")
