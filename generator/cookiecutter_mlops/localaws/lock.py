"""Who serves a folder: a lock that its process holds, and that ends with the process, however that ends."""

import fcntl
import os
import time
from pathlib import Path

from cookiecutter_mlops.errors import MlopsError

_NAME = "server.lock"
_LETS_GO = 10  # seconds for the threads of a process that was killed


def hold(home: Path) -> None:
    """Let this process be the one that serves the folder; raise MlopsError if another one is."""
    descriptor = os.open(home / _NAME, os.O_RDWR | os.O_CREAT, 0o600)  # stays open, as closing it would unlock
    while not _taken(descriptor):  # also while somebody asks who holds it
        if other := holder(home):
            raise MlopsError(f"The embedded AWS of {home} runs already, process {other}; `mlops local down` ends it.")
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())


def holder(home: Path) -> int:
    """Return the process that serves the folder; 0 if none does, whatever a dead one left behind.

    One that was killed has ended a moment before its last threads let go of the lock: they are waited for.
    """
    deadline = time.monotonic() + _LETS_GO
    while (pid := _locker(home / _NAME)) and not alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return pid


def alive(pid: int) -> bool:
    """Return whether the process runs; a zombie has ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # no Linux, or it ended this moment
        return not Path("/proc/self/stat").exists()


def _taken(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locker(path: Path) -> int:
    try:
        with path.open() as file:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return 0
    except BlockingIOError:
        return int(path.read_text() or 0)
    return 0
