"""Nothing outlives the embedded AWS: neither what left its process group, nor anything when the server is killed.

Every process that it starts carries a mark in its environment, which its own children inherit. `start` runs this file
as a second, tiny process that sleeps until the server is gone and then ends whatever still carries the mark. Processes
are found in /proc, so on systems without it only those in their own process group are ended.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

NAME = "MLOPS_LOCAL_OWNER"


def start(mark: str) -> "subprocess.Popen[bytes]":
    """Watch over this process from another one; whoever holds its input open is alive."""
    command = [sys.executable, "-I", "-S", __file__, mark]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def end(mark: str) -> None:
    """Kill every process whose mark begins with this one, and those that they start meanwhile."""
    deadline = time.monotonic() + 5
    while (found := _carriers(mark)) and time.monotonic() < deadline:
        for process in found:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)


def _carriers(mark: str) -> list[int]:
    wanted, found = f"\0{NAME}={mark}/".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended, or is another user's
            if wanted in b"\0" + (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found


if __name__ == "__main__":
    sys.stdin.read()
    end(sys.argv[1])
