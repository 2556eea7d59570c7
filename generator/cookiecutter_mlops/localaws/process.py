"""Start, find and stop the embedded AWS of a folder, in the background: its state is `<home>/server.json`."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cookiecutter_mlops.errors import MlopsError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HOME = Path(".mlops/local")


@dataclass(frozen=True)
class Server:
    """What a running embedded AWS says of itself."""

    pid: int
    port: int
    url: str
    region: str
    account: str
    started_at: str
    iam: str  # "on" where IAM policies are enforced

    @property
    def memory_mb(self) -> float:
        """Resident memory of the server's own process, in MB; 0 where there is no /proc."""
        status = Path(f"/proc/{self.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def find(home: Path) -> Server | None:
    """Return the server that runs for this folder; what a killed one left behind is removed."""
    state = home / "server.json"
    try:
        server = Server(**json.loads(state.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    if _answers(server):
        return server
    state.unlink(missing_ok=True)
    return None


def running(home: Path) -> Server:
    """Return the server that runs for this folder; raise MlopsError if there is none."""
    server = find(home)
    if not server:
        raise MlopsError(f"No embedded AWS runs for {home}; start one with `mlops local up`.")
    return server


def up(home: Path, region: str, port: int = 0, iam: str = "on", timeout: float = 60) -> Server:
    """Start the embedded AWS of this folder and wait until it answers; return the running one if there is one.

    Raises MlopsError if the port is taken, or with the end of the log if the server does not come up.
    """
    if running := find(home):
        return running
    refuse_real_aws(os.environ)
    if port and not _free(port):
        raise MlopsError(f"port: {port} is taken by another program; choose a free one, for example --port {port + 1}.")
    home.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(home / "terraform", ignore_errors=True)  # the state of what an earlier server held
    command = [sys.executable, "-m", "cookiecutter_mlops.localaws.server", "--home", str(home.resolve())]
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--region", region, "--iam", iam],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return _wait(home, process, timeout)


def down(home: Path, timeout: float = 15) -> bool:
    """Stop the embedded AWS of this folder and everything it runs; return whether there was one."""
    server = find(home)
    if not server:
        return False
    os.kill(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while _alive(server.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    if _alive(server.pid):
        os.kill(server.pid, signal.SIGKILL)
    (home / "server.json").unlink(missing_ok=True)
    return True


def refuse_real_aws(environment: Mapping[str, str]) -> None:
    """Raise MlopsError where the environment points at another AWS, so that nobody mixes the two up."""
    for name, value in environment.items():
        if name.startswith("AWS_ENDPOINT_URL") and urlsplit(value).hostname not in LOOPBACK:
            raise MlopsError(
                f"{name}: the embedded AWS starts only where this is unset or a loopback address, got {value!r}; "
                f"type `unset {name}` first."
            )


def _wait(home: Path, process: subprocess.Popen, timeout: float) -> Server:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process.poll() is None:
        if server := find(home):
            return server
        time.sleep(0.05)
    process.kill()
    tail = "\n".join((home / "server.log").read_text().splitlines()[-10:])
    raise MlopsError(f"The embedded AWS did not start within {timeout:.0f} s; the end of {home}/server.log:\n{tail}")


def _answers(server: Server) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}/_embedded/health", timeout=2) as answer:  # noqa: S310 loopback only
            return json.load(answer)["pid"] == server.pid
    except (OSError, ValueError, KeyError):
        return False


def _free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _alive(pid: int) -> bool:
    """Return whether the process runs; a zombie has ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return True
