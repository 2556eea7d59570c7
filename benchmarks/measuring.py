"""What the benchmarks of data share: one process measured, and the words for the machine that did it."""

import os
import platform
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROWS = Path(__file__).resolve().parent / "rows.py"


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of CPU, and the peak of memory in MB, of one process and its own alone."""

    seconds: float
    cpu: float
    peak: float


def measured(python: Path, project: Path, code: str, *arguments: str) -> Cost:
    """Run code in a project's folder with its Python."""
    started = time.perf_counter()
    process = subprocess.Popen([python, "-c", code, *arguments], cwd=project, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {code}")
    return Cost(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def made(python: Path, project: Path, rows: int, file: Path) -> Path:
    """A file of rows like the project's sample."""
    subprocess.run([python, str(ROWS), str(rows), str(file)], cwd=project, check=True)
    return file


def median(costs: list[Cost]) -> Cost:
    seconds, cpu, peak = (
        statistics.median(getattr(cost, name) for cost in costs) for name in ("seconds", "cpu", "peak")
    )
    return Cost(seconds, cpu, peak)


def machine(python: Path, packages: str) -> str:
    """Versions, cores and load, without which no figure means anything."""
    show = (
        f"import importlib.metadata as m; print(*(f'{{p}} {{m.version(p)}}' for p in {packages.split()!r}), sep=', ')"
    )
    versions = subprocess.run([python, "-c", show], check=True, capture_output=True, text=True).stdout.strip()
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"Python {platform.python_version()}, {versions}; {os.cpu_count()} cores, load {load} (1, 5, 15 minutes)"
