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
    """The median of each figure by itself."""
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


@dataclass(frozen=True)
class Ratio:
    """A bar of a picture: how many times better than the rival, and the goal."""

    label: str
    measured: float
    goal: float


def draw(ratios: list[Ratio], title: str, file: Path, to_goal: bool = False) -> None:
    """Write bars as SVG, as long as the ratio or, `to_goal`, its share of the goal; a line across each is the goal."""
    unit = [ratio.goal if to_goal else 1 for ratio in ratios]
    scale = 420 / max(max(ratio.measured, ratio.goal) / one for ratio, one in zip(ratios, unit, strict=True))
    left = 20 + 7 * max(len(ratio.label) for ratio in ratios)
    bars = [_bar(ratio, left, 40 + 34 * place, scale / unit[place]) for place, ratio in enumerate(ratios)]
    size = f'width="{left + 600}" height="{52 + 34 * len(ratios)}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="14">'
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([head, f'<text x="10" y="22" font-weight="bold">{title}</text>', *bars, "</svg>\n"]))


def _bar(ratio: Ratio, left: int, top: int, scale: float) -> str:
    colour = "#2a7f62" if ratio.measured >= ratio.goal else "#b5651d"
    goal = left + ratio.goal * scale
    return (
        f'<text x="{left - 10}" y="{top + 16}" text-anchor="end">{ratio.label}</text>'
        f'<rect x="{left}" y="{top}" width="{ratio.measured * scale:.0f}" height="22" fill="{colour}"/>'
        f'<line x1="{goal:.0f}" x2="{goal:.0f}" y1="{top - 4}" y2="{top + 26}" stroke="black" stroke-width="2"/>'
        f'<text x="{left + 6 + max(ratio.measured, ratio.goal) * scale:.0f}" y="{top + 16}">'
        f"{ratio.measured:.3g}x, goal {ratio.goal:g}x</text>"
    )
