"""What the tests of doors share: the repository as it is now, and commands in a home of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = "salary-prediction"


def run(*command: str | Path, home: Path, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess:
    """Run a command in a home of its own, with nobody's settings."""
    environment = {**os.environ, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", **variables}
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=cwd or home, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="session")
def repository(tmp_path_factory) -> Path:
    """A clean git repository of the files as they are now, committed or not."""
    folder = tmp_path_factory.mktemp("doors") / "template"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(lambda name: name and (REPOSITORY / name).is_file(), names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, folder / name)
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "Now"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def new(repository: Path, home: Path, *answers: str) -> subprocess.CompletedProcess:
    """`mlops new`, of the repository's own generator."""
    command = [sys.executable, "-m", "cookiecutter_mlops", "new", "Salary Prediction", "--no-input", *answers]
    return run(*command, home=home, PYTHONPATH=str(repository / "generator"))
