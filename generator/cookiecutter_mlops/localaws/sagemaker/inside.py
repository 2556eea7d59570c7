"""Start a container's program where it finds what it looks for: /opt/ml, its working directory, its port 8080.

    python -m cookiecutter_mlops.localaws.sagemaker.inside SETTINGS COMMAND …

SETTINGS are those of `command`, as JSON. This needs no privileges, but a Linux kernel with user namespaces.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cookiecutter_mlops.localaws.sagemaker import namespaces, ports, rootfs


def command(
    program: list[str], folder: Path, files: Mapping[str, str], workdir: str, port: int = 0, endpoint: int = 0
) -> list[str]:
    """Return what starts a program with files at paths of its own, in a working directory.

    `folder` is empty, and for the new root. With a `port`, the program's port 8080 is this one outside, and it reaches
    nothing but the port `endpoint` of this machine.
    """
    settings = {"folder": str(folder), "files": dict(files), "workdir": workdir, "port": port, "endpoint": endpoint}
    return [sys.executable, "-I", "-m", __name__, json.dumps(settings), *program]


@cache
def problem() -> str:
    """Return why this machine cannot do that; empty if it can."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as files:
        tried = command(["true"], Path(folder), {"/opt/ml": files}, "/opt/ml")
        done = subprocess.run(tried, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout.strip() if done.returncode else ""


def main(folder: str, files: dict[str, str], workdir: str, port: int, endpoint: int) -> None:
    if port:
        ports.enter(port, endpoint)
        os.environ["SAGEMAKER_BIND_TO_PORT"] = str(ports.PORT)
    else:
        namespaces.enter(network=False)
    rootfs.change(Path(folder), files)
    os.chdir(workdir)


if __name__ == "__main__":
    try:
        main(**json.loads(sys.argv[1]))
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 a program that a job names
    except (OSError, AttributeError) as error:  # AttributeError: a C library without unshare
        sys.exit(str(error))
