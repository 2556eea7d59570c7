"""A server as a tree of processes: its CPU time and memory, read from /proc, and its end."""

import os
import signal
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """A process and all below it."""
    found = [root]
    for pid in found:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(child) for child in _read(children).split()]
    return found


def cpu_seconds(root: int) -> float:
    """What a tree has used so far, with what its ended children had."""
    total = 0
    for pid in tree(root):
        fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
        total += sum(map(int, fields[11:15])) if fields else 0
    return total / TICKS


def memory_mb(root: int) -> float:
    """Proportional set size: pages that processes share count once."""
    kilobytes = 0
    for pid in tree(root):
        for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024


def end(process: "subprocess.Popen[bytes]") -> None:
    """Stop a tree that was started in a session of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        limit = time.monotonic() + 5
        while process.poll() is None and time.monotonic() < limit:
            time.sleep(0.05)
    process.wait()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
