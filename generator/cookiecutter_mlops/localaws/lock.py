"""Who serves a folder: a lock that its process holds, and that ends with the process, however that ends."""

import fcntl
import os
from pathlib import Path

from cookiecutter_mlops.errors import MlopsError

_NAME = "server.lock"


def hold(home: Path) -> None:
    """Let this process be the one that serves the folder; raise MlopsError if another one is."""
    descriptor = os.open(home / _NAME, os.O_RDWR | os.O_CREAT, 0o600)  # stays open, as closing it would unlock
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise MlopsError(
            f"The embedded AWS of {home} runs already, process {holder(home)}; `mlops local down` ends it."
        ) from None
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())


def holder(home: Path) -> int:
    """Return the process that serves the folder; 0 if none does, whatever a dead one left behind."""
    try:
        with (home / _NAME).open() as file:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return 0
    except BlockingIOError:
        return int((home / _NAME).read_text() or 0)
    return 0
