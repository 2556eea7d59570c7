"""Virtual environments for projects: one per content of `requirements` and Python version, made once.

Commands, builds and jobs on this machine share them, so that only the first run of a set of requirements pays for
its installation. `MLOPS_ENVIRONMENTS` moves the folder that holds them.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cookiecutter_mlops.errors import MlopsError

EVERYTHING, SCRIPTS = ("*.txt",), ("lock.txt", "pipelines.txt")


def environment(source: Path, log: Callable[[str], object] = print) -> Path:
    """Return the interpreter of the environment that the project in `source` asks for; make it if it is missing."""
    if not (source / "requirements" / "dev.txt").is_file():
        raise MlopsError(f"{source}: no requirements/dev.txt here, so this is not the folder of a generated project.")
    return prepared(_key(source, EVERYTHING), [["--quiet", "-r", "requirements/dev.txt"]], source, log)


def for_scripts(source: Path, log: Callable[[str], object] = print) -> Path:
    """Return an interpreter for the scripts that `mlops` runs: of the whole environment where there is one already.

    Otherwise of a small one, that needs neither the model's packages, which may be gigabytes, nor the tests'.
    """
    if (root() / _key(source, EVERYTHING) / "complete").exists():
        return environment(source, log)
    return prepared(_key(source, SCRIPTS), [["--quiet", "-r", f"requirements/{SCRIPTS[1]}"]], source, log)


def prepared(key: str, installs: list[list[str]], source: Path, log: Callable[[str], object] = print) -> Path:
    """Return the interpreter of the environment of this name; if it is missing, make it by these `pip install`s.

    Their paths are relative to `source`. Raises MlopsError with the end of pip's own output.
    """
    folder = root() / key
    with _locked(folder.with_suffix(".lock")):
        # The marker is written last: an interrupted installation is started afresh.
        if not (folder / "complete").exists():
            _make(folder, installs, source, log)
    return folder / "bin" / "python"


def root() -> Path:
    """Return the folder that holds the environments."""
    return Path(os.environ.get("MLOPS_ENVIRONMENTS") or cache() / "cookiecutter-mlops" / "environments")


def cache() -> Path:
    """Return the user's folder for caches, in which pip has its own, too."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _key(source: Path, names: tuple[str, ...]) -> str:
    digest = hashlib.sha256(platform.python_version().encode())
    for file in sorted(file for name in names for file in (source / "requirements").glob(name)):
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _make(folder: Path, installs: list[list[str]], source: Path, log: Callable[[str], object]) -> None:
    log(f"Installing the project's requirements once, into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)], source)
    for arguments in installs:
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
        _run([*pip, *arguments], source)
    (folder / "complete").touch()


def _run(command: list[str], cwd: Path) -> None:
    result = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        tail = "\n".join(result.stdout.splitlines()[-15:])
        raise MlopsError(f"The project's requirements could not be installed ({' '.join(command[:4])} …):\n{tail}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
