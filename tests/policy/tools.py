"""Scanners that pin libraries of their own: each lives in an environment apart, made once on a machine."""

import fcntl
import subprocess
import venv
from pathlib import Path

from cookiecutter_mlops import environments

CHECKOV = "checkov==3.3.30"
PARLIAMENT = "parliament==1.6.4"


def tool(requirement: str) -> Path:
    """Return the command of a pinned tool; install it if it is missing."""
    name = requirement.split("==")[0]
    folder = environments.root().parent / "tools" / requirement.replace("==", "-")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The marker is written last: an interrupted installation is started afresh.
        if not (folder / "complete").exists():
            venv.create(folder, with_pip=True, clear=True)
            subprocess.run([folder / "bin" / "pip", "install", "--quiet", requirement], check=True)
            (folder / "complete").touch()
    return folder / "bin" / name
