"""What stands in for a container: an image's bundle run as a process, with an /opt/ml tree of its own.

The process finds that tree at /opt/ml, and its image's files where the image has them, if Linux has user namespaces
(inside.py); SM_BASE_DIR names it everywhere. It is not a sandbox: it runs as the user, but writes only in its own
folder, /tmp and devices where Linux has Landlock (confinement.py), and with this machine's network unless it is
isolated (network.py); then it also gets no address of the embedded AWS and no credentials.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from string import Template
from typing import Any
from urllib.parse import urlsplit

from cookiecutter_mlops.localaws import confinement, runtime
from cookiecutter_mlops.localaws.dockerfile import OUTSIDE
from cookiecutter_mlops.localaws.sagemaker import inside, rootfs

# https://docs.aws.amazon.com/sagemaker/latest/dg/inference-pipeline-real-time.html
_ACCEPTS_PORT = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"
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
        shutil.copytree(runtime.bundle(image), self.work, symlinks=True)
        self.image = _image_settings(self.work)
        self.base.mkdir(parents=True)
        if (own := self.work / OUTSIDE / "opt" / "ml").is_dir():
            shutil.copytree(own, self.base, dirs_exist_ok=True)
            shutil.rmtree(own)

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
        port: int = 0,
    ) -> "subprocess.Popen[str]":
        """Start the image's program, or another entry point, with these arguments; `within` a network of its own.

        A server is asked at `port`, whether it listens to SAGEMAKER_BIND_TO_PORT or, as SageMaker has it, to 8080.
        """
        program = [self.mapped(part) for part in [*(entrypoint or self.image["entrypoint"] or []), *arguments]]
        if problem := inside.problem():
            log(f"This machine has no namespaces: /opt/ml is at SM_BASE_DIR only, 8080 is its own port. {problem}")
            command = confinement.command([self.root], program)
        else:
            command = self._inside(program, port)
        return runtime.spawn(within(command, self.work), cwd=self.work, env=self._env(environment), log=log)

    def _inside(self, program: list[str], port: int) -> list[str]:
        """Return what starts a program among its image's files."""
        files = {"/opt/ml": str(self.base), **rootfs.overlay(self.work / OUTSIDE)}
        workdir = self._workdir()
        if workdir not in ("/", str(self.work)):
            files[workdir] = str(self.work)
        endpoint = 0 if self.isolated else urlsplit(runtime.endpoint()).port or 0
        own_port = 0 if self.image["labels"].get(_ACCEPTS_PORT) == "true" and not self.isolated else port
        (self.root / "root").mkdir(exist_ok=True)
        command = confinement.command([self.root, *map(Path, files.values())], program)
        return inside.command(command, self.root / "root", files, workdir, own_port, endpoint)

    def _workdir(self) -> str:
        """Return the program's working directory: where the image has it, unless that hid what is needed."""
        wanted, python = self.image["workdir"], self.image["python"]
        needed = [self.root, python, os.path.realpath(python), sys.executable]
        hides = wanted != "/" and any(PurePosixPath(path).is_relative_to(wanted) for path in needed)
        shared = any(PurePosixPath(wanted).is_relative_to(folder) for folder in rootfs.SHARED)
        return str(self.work) if not wanted or hides or shared else wanted

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def _env(self, environment: dict[str, str]) -> dict[str, str]:
        path = f"{os.path.dirname(self.image['python'])}:{os.environ.get('PATH', os.defpath)}"
        known = defaultdict(str, PATH=path)  # what an image's `ENV PATH=/opt/program:$PATH` goes on with
        aws = {"AWS_REGION": self.region, **_NO_AWS}
        if not self.isolated:
            aws = runtime.aws_environment(self.region, self.credentials)
        return {
            "PATH": path,
            "HOME": str(self.root),
            "PYTHONUNBUFFERED": "1",
            **aws,
            **{name: Template(value).safe_substitute(known) for name, value in self.image["env"].items()},
            **{name: self.mapped(value) for name, value in environment.items()},
            "SM_BASE_DIR": str(self.base),
            "SAGEMAKER_BASE_DIR": str(self.base),  # where the SageMaker training toolkit looks
        }


def _image_settings(folder: Path) -> dict[str, Any]:
    """Return what the build recorded in the bundle: how it starts, and the interpreter that it used."""
    file = folder / ".bundle.json"
    settings = json.loads(file.read_text()) if file.is_file() else {}
    return {
        "entrypoint": settings.get("entrypoint"),
        "env": settings.get("env") or {},
        "workdir": settings.get("workdir") or "",
        "labels": settings.get("labels") or {},
        "python": settings.get("python") or sys.executable,
    }
