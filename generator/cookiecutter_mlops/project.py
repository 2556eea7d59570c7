"""The generated project around the working directory: where it is, what it is called, how its scripts are run."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from cookiecutter_mlops.environments import for_scripts
from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import lock

RECORD = ".mlops.json"


@dataclass(frozen=True)
class Project:
    """A generated project in `path`."""

    path: Path

    @property
    def settings(self) -> dict:
        """The infrastructure settings: what Terraform reads."""
        file = self.path / "terraform" / "terraform.auto.tfvars.json"
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise MlopsError(f"{file}: this file must be there and hold JSON ({error}).") from error

    @property
    def answers(self) -> dict:
        """The answers that the project was made from."""
        return json.loads((self.path / RECORD).read_text(encoding="utf-8"))["answers"]

    def python(self) -> Path:
        """Return an interpreter that has what the project's scripts need: its own `.venv`, or a shared environment."""
        own = self.path / ".venv"
        if (own / "installed").exists():  # which `make install` writes last
            return own / "bin" / "python"
        return for_scripts(self.path, lambda line: click.echo(line, err=True))

    def run_module(self, module: str, *arguments: str) -> None:
        """Run one of the project's scripts in its folder; end with its exit code if it fails."""
        self._end_if_failed(self._run(module, *arguments))

    def ask_module(self, module: str, *arguments: str, required: bool = True) -> str:
        """Return what one of the project's scripts prints; empty where it fails and its answer is not required."""
        done = self._run(module, *arguments, stdout=subprocess.PIPE, stderr=None if required else subprocess.DEVNULL)
        if required:
            self._end_if_failed(done)
        return done.stdout if done.returncode == 0 else ""

    def _run(self, module: str, *arguments: str, **options) -> subprocess.CompletedProcess:
        settings = self.settings
        region = os.environ.get("AWS_REGION") or settings["region"]
        names = {"MLOPS_PROJECT": settings["project_slug"], "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        command = [str(self.python()), "-m", module, *arguments]
        return subprocess.run(command, cwd=self.path, env={**os.environ, **names}, text=True, **options)

    @staticmethod
    def _end_if_failed(done: subprocess.CompletedProcess) -> None:
        if done.returncode:
            # The script has already said why, in one sentence.
            sys.exit(done.returncode)


def find(start: Path | None = None) -> Project:
    """Return the project that `start` (by default the working directory) lies in."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / RECORD).is_file():
            return Project(folder)
    raise MlopsError(f"{start}: no {RECORD} here or above, so no project; cd into one, or make one: mlops new NAME")


def current() -> Project:
    """Return the project of the working directory, with a hint where its embedded AWS runs but is not spoken to.

    Raises MlopsError where there is nobody to speak to: no embedded AWS, and no credentials for AWS.
    """
    found = find()
    if embedded():
        return found
    _refuse_without_credentials()
    local = found.path / ".mlops" / "local"
    if lock.holder(local) or (local / "shared-with").exists():
        click.echo('This shell speaks to AWS; for the embedded one:  eval "$(mlops local env)"', err=True)
    return found


def _refuse_without_credentials() -> None:
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session

    try:
        given = get_session().get_credentials()
    except BotoCoreError as error:  # such as a profile that is not there
        raise MlopsError(f"AWS credentials: {error}") from error
    if not given:
        raise MlopsError(
            "There are no AWS credentials here; for the embedded AWS type `mlops local up` and "
            '`eval "$(mlops local env)"`, for AWS sign in, for example with `aws sso login`.'
        )


def embedded() -> bool:
    """Tell whether commands act on an embedded AWS: its address is on loopback."""
    return urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in ("127.0.0.1", "localhost", "::1")
