"""The hosts of a processing job as one Ray cluster: the first by name is its head, the others join it.

/opt/ml/config/resourceconfig.json names the hosts
(https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html). A single machine, such as a
laptop, is a cluster of its own. Ray is in requirements/preprocess.txt, and imported only where it is used.
"""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from training.hosts import Hosts, described
from training.settings import UserError

PORT = 46379  # of the head; Ray's own 6379 is also that of Redis
STORE = 256 * 2**20  # bytes of memory that Ray shares on a host: files and shards do not go through it
PATIENCE = 600  # seconds for the other hosts to come up
LEAVE = 30  # seconds for Ray to end
MISSES = 5  # times, a second apart, that the head does not answer before it is taken to be done
SETTINGS = {
    "RAY_AUTH_MODE": "token",
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",  # of a host that is done nothing is to be saved
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "POLARS_MAX_THREADS": "1",  # Ray runs one process a core
}


def hosts(base: Path) -> Hosts:
    """The hosts of a processing job; outside of one this machine is alone."""
    return described(base / "config/resourceconfig.json")


@contextmanager
def joined(of: Hosts) -> Iterator[list[str]]:
    """The ids of the cluster's nodes, on its head; an empty list on another host, once the head is done."""
    ray = library()
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:  # short: sockets are in it
        if len(of.names) == 1:
            ray.init(include_dashboard=False, object_store_memory=STORE, _temp_dir=folder)
            yield from _connected(ray, 1)
        elif of.first:
            address = socket.gethostbyname(of.names[0])
            with _node(address, "--head", f"--port={PORT}", f"--temp-dir={folder}", "--include-dashboard=false") as own:
                _wait(lambda: _listens(address), own, "Ray does not start on this host")
                ray.init(address=f"{address}:{PORT}", _node_ip_address=address)
                yield from _connected(ray, len(of.names))
        else:
            _help(of)
            yield []


def library() -> ModuleType:
    """Ray, which tells nobody and listens only to who knows its token; a UserError says how to get it."""
    os.environ |= SETTINGS
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # that of a job is known to all of its hosts
    try:
        import ray
    except ImportError:
        raise UserError(
            "ray: is not installed; add the line `-r preprocess.txt` to requirements/train.txt, then run this again."
        ) from None
    return ray


def _connected(ray: ModuleType, count: int) -> Iterator[list[str]]:
    try:
        _wait(lambda: len(_alive(ray)) >= count, None, f"fewer than {count} hosts have joined the cluster")
        yield _alive(ray)
    finally:
        ray.shutdown()


def _alive(ray: ModuleType) -> list[str]:
    return [
        node["NodeID"] for node in sorted(ray.nodes(), key=lambda node: node["NodeManagerAddress"]) if node["Alive"]
    ]


def _help(of: Hosts) -> None:
    """Lend this host to the cluster until its head is gone."""
    head, own = (socket.gethostbyname(name) for name in (of.names[0], of.current))
    _wait(lambda: _listens(head), None, f"the head {of.names[0]} does not come up")
    with _node(own, f"--address={head}:{PORT}") as process:
        missed = 0
        while missed < MISSES:
            missed = 0 if _listens(head) else missed + 1
            if process.poll() is not None and not missed:
                raise UserError(f"{of.current}: Ray ended with exit code {process.returncode}; the job's log says why.")
            time.sleep(1)


@contextmanager
def _node(address: str, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Ray's own processes on this host, and no others: several hosts may be one machine, as on the embedded AWS."""
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", f"--node-ip-address={address}"]
    ports = ["--dashboard-agent-listen-port=0", f"--object-store-memory={STORE}"]
    process = subprocess.Popen([*command, *ports, *options], env=os.environ | {"PYTHONPATH": os.getcwd()})
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(LEAVE)
        except subprocess.TimeoutExpired:
            process.kill()


def _listens(address: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((address, PORT)) == 0


def _wait(done: Callable[[], bool], process: "subprocess.Popen[bytes] | None", sentence: str) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end or (process and process.poll() is not None):
            raise UserError(f"{sentence}; the job's log says more.")
        time.sleep(0.5)
