"""Start, find and stop the embedded AWS of a folder, in the background: its state is `<home>/server.json`."""

import contextlib
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
from cookiecutter_mlops.localaws import lock, snapshot

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HOME = Path(".mlops/local")
_SHARED = "shared-with"  # the file that names the folder of the embedded AWS that is used instead of an own one
_START = 180  # seconds for a server to take what it held, on a machine that does a lot else
_ANSWER = 10  # seconds for it to say that it is well
_PATIENCE = 90  # seconds for it to write what it holds and to stop
_END = 5  # seconds from when it lets go of the folder to when it is gone


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
    world: str = ""  # what it holds: the same after a restart, another one after a reset

    @property
    def memory_mb(self) -> float:
        """Resident memory of the server's own process, in MB; 0 where there is no /proc."""
        status = Path(f"/proc/{self.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def find(home: Path) -> Server | None:
    """Return the server that lives for this folder, also one that is slow; not what a killed one left behind."""
    try:
        server = Server(**json.loads((home / "server.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return server if lock.holder(home) == server.pid else None


def running(home: Path) -> Server:
    """Return the server that runs for this folder; raise MlopsError if there is none, or none that answers."""
    if not (server := find(home)):
        starting = lock.holder(home)
        raise MlopsError(
            f"The embedded AWS of {home} is starting (process {starting}); ask again in a moment."
            if starting
            else f"No embedded AWS runs for {home}; start one with `mlops local up`."
        )
    if not _answers(server):
        raise MlopsError(
            f"The embedded AWS of {home} runs already, process {server.pid}, but does not answer at the moment; "
            "ask again, or `mlops local down` ends it."
        )
    return server


def up(home: Path, region: str, port: int = 0, iam: str = "on", timeout: float = _START) -> Server:
    """Start the embedded AWS of this folder and wait until it answers; return the running one if there is one.

    It goes on with what it held, on the port that it had, unless another program took that one meanwhile.
    Raises MlopsError if the given port is taken, if its snapshot cannot be used, or with the end of the log if the
    server does not come up.
    """
    if lock.holder(home):
        return running(home)
    refuse_real_aws(os.environ)
    if port and not _free(port):
        raise MlopsError(f"port: {port} is taken by another program; choose a free one, for example --port {port + 1}.")
    earlier = snapshot.check(home).get("port", 0)
    port = port or (earlier if _free(earlier) else 0)
    home.mkdir(parents=True, exist_ok=True)
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


def down(home: Path) -> bool:
    """Stop the embedded AWS of this folder and everything it runs; return whether there was one.

    Raises MlopsError where it is stopped but what it held could not be written.
    """
    server, pid, before = find(home), lock.holder(home), _saved_at(home)
    if not pid:
        return False
    _stop(home, pid)
    (home / "server.json").unlink(missing_ok=True)
    if server and _saved_at(home) == before:
        raise MlopsError(f"The embedded AWS is stopped, but its last changes are lost: see {home / 'server.log'}.")
    return True


def reset(home: Path) -> None:
    """Stop the embedded AWS of this folder and forget everything that it held."""
    if pid := lock.holder(home):
        _stop(home, pid)
    if (home / "server.log").exists():  # else it is the folder of something else
        shutil.rmtree(home)


def share(home: Path, project: Path) -> None:
    """Let this folder use the embedded AWS of another project; raise MlopsError where either cannot be."""
    other = shared(project / HOME).resolve()
    if not other.is_dir() or other == home.resolve():
        raise MlopsError(f"--share: takes the folder of another project that has an embedded AWS (got: {project}).")
    if find(home):
        raise MlopsError("--share: this project has an embedded AWS of its own that runs; type mlops local down first.")
    home.mkdir(parents=True, exist_ok=True)
    (home / _SHARED).write_text(f"{other}\n")


def shared(home: Path) -> Path:
    """Return the folder of the embedded AWS that this one uses: its own, or the one that it shares."""
    link = home / _SHARED
    return Path(link.read_text().strip()) if link.exists() else home


def unshare(home: Path) -> None:
    """Stop sharing the embedded AWS of another project."""
    (home / _SHARED).unlink()


def enter(home: Path, world: str) -> None:
    """Forget what Terraform knows of another world than this one, for nothing of that is there."""
    mark = home / "world"
    if not mark.exists() or mark.read_text() != world:
        shutil.rmtree(home / "terraform", ignore_errors=True)
        mark.write_text(world)


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
        if (server := find(home)) and _answers(server):
            return server
        time.sleep(0.05)
    process.kill()
    tail = "\n".join((home / "server.log").read_text().splitlines()[-10:])
    raise MlopsError(f"The embedded AWS did not start within {timeout:.0f} s; the end of {home}/server.log:\n{tail}")


def _stop(home: Path, pid: int) -> None:
    _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    while lock.holder(home) == pid and time.monotonic() < deadline:
        time.sleep(0.05)
    if lock.holder(home) == pid:
        _signal(pid, signal.SIGKILL)
    while lock.holder(home) == pid:
        time.sleep(0.01)
    deadline = time.monotonic() + _END
    while lock.alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        os.kill(pid, number)


def _saved_at(home: Path) -> float:
    try:
        return snapshot.check(home).get("saved_at", 0)
    except MlopsError:
        return 0


def _answers(server: Server) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}/_embedded/health", timeout=_ANSWER) as answer:  # noqa: S310 loopback
            return json.load(answer)["pid"] == server.pid
    except (OSError, ValueError, KeyError):
        return False


def _free(port: int) -> bool:
    """Return whether nobody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
