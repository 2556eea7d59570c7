"""What stands in for a container: an image's bundle run as a process, with an /opt/ml tree of its own.

The process is told where that tree is by SM_BASE_DIR. It is not a sandbox: it runs as the user, but
writes only in its own folder, /tmp and devices where Linux has Landlock (confinement.py), and with this machine's
network unless it is isolated (network.py); then it also gets no address of the embedded AWS and no credentials.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws import confinement, runtime

# Whatever happens, a job must not find the real credentials of the person whose machine this is.
_NO_AWS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Container:
    """The files and settings of one container: `root` is private to it, `base` is its /opt/ml."""

    def __init__(
        self,
        name: str,
        image: str,
        *,
        account: str,
        region: str,
        credentials: Mapping[str, str],
        isolated: bool = False,
    ) -> None:
        self.credentials = credentials
        self.root, self.region, self.isolated = runtime.home() / "jobs" / name, region, isolated
        self.base, self.work, self.account = self.root / "opt" / "ml", self.root / "work", account
        shutil.rmtree(self.root, ignore_errors=True)
        self.base.mkdir(parents=True)
        shutil.copytree(runtime.bundle(image), self.work, symlinks=True)
        self.image = _image_settings(self.work)

    def path(self, inside: str) -> Path:
        """Return where a path of the container, such as /opt/ml/checkpoints, is on this machine."""
        return Path(self.mapped(inside))

    def mapped(self, text: str) -> str:
        return str(self.base) + text.removeprefix("/opt/ml") if text.startswith("/opt/ml") else text

    def folder(self, inside: str) -> Path:
        path = self.path(inside)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, inside: str, document: Any) -> None:
        """Write one of the JSON files that SageMaker puts under /opt/ml."""
        self.folder(os.path.dirname(inside))
        self.path(inside).write_text(json.dumps(document))

    def start(
        self,
        arguments: list[str],
        environment: dict[str, str],
        log: Callable[[str], object],
        entrypoint: Any = None,
        within: Callable[[list[str], Path], list[str]] = lambda command, folder: command,
    ) -> "subprocess.Popen[str]":
        """Start the image's program, or another entry point, with these arguments; `within` a network of its own."""
        program = [self.mapped(part) for part in [*(entrypoint or self.image["entrypoint"] or []), *arguments]]
        command = confinement.command([self.root], program)
        return runtime.spawn(within(command, self.work), cwd=self.work, env=self._env(environment), log=log)

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def _env(self, environment: dict[str, str]) -> dict[str, str]:
        interpreter = self.image["python"]
        aws = {"AWS_REGION": self.region, **_NO_AWS}
        if not self.isolated:
            aws = runtime.aws_environment(self.region, self.credentials)
        return {
            "PATH": f"{os.path.dirname(interpreter)}:{os.environ.get('PATH', os.defpath)}",
            "HOME": str(self.root),
            "PYTHONUNBUFFERED": "1",
            **aws,
            **self.image["env"],
            **{name: self.mapped(value) for name, value in environment.items()},
            "SM_BASE_DIR": str(self.base),
            "SAGEMAKER_BASE_DIR": str(self.base),  # where the SageMaker training toolkit looks
        }


def _image_settings(folder: Path) -> dict[str, Any]:
    """Return what the build recorded in the bundle: entry point, environment, and the interpreter that it used."""
    file = folder / ".bundle.json"
    settings = json.loads(file.read_text()) if file.is_file() else {}
    return {"entrypoint": settings.get("entrypoint"), "env": settings.get("env") or {}} | {
        "python": settings.get("python") or sys.executable
    }
