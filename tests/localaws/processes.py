"""Processes of an embedded AWS: whether they run, whom they belong to, and a build that never ends."""

import contextlib
import os
from pathlib import Path

from tests.localaws.conftest import ACCOUNT, Aws, wait_for

BUILD = """
version: 0.2
phases:
  build:
    commands:
      - setsid sleep 300 & echo $! > {pids}; sleep 300 & echo $! >> {pids}; echo $$ >> {pids}; wait
"""


def runs(pid: int) -> bool:
    """Whether a process is there, and is no zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def start_build(aws: Aws, pids: Path) -> tuple[str, list[int]]:
    """Start a build that never ends and return its id and the processes that it consists of."""
    codebuild = aws.client("codebuild")
    codebuild.create_project(
        name="endless",
        source={"type": "NO_SOURCE", "buildspec": BUILD.format(pids=pids)},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "any", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=f"arn:aws:iam::{ACCOUNT}:role/build",
    )
    build = codebuild.start_build(projectName="endless")["build"]["id"]
    assert wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 3)
    return build, [int(pid) for pid in pids.read_text().split()]


def processes_of(home: Path) -> set[int]:
    """Return the processes that name this folder in their command line or environment."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            if str(home).encode() in told and runs(int(folder.name)) and int(folder.name) != os.getpid():
                found.add(int(folder.name))
    return found
