"""What was measured as tables, the goals beside it, and both in the documentation."""

import os
import platform
import re
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from measuring import Ratio, draw  # noqa: E402
from stacks import MODEL, STACKS  # noqa: E402

Results = dict[str, dict[str, float]]  # by stack and measure: the median of the rounds

PAGE, PICTURE = ROOT / "docs/performance.md", ROOT / "docs/images/serving.svg"
BEGIN, END = "<!-- make bench-serving: begin -->", "<!-- make bench-serving: end -->"
ONE, MANY, LARGE = "1 row, 1 connection", "1 row, 32 connections", "100 rows, 8 connections"
OURS, TWO, WHOLE, FLOOR = "ours, compiled", "ours, compiled, 2 processes", "ours, whole pipeline", "HTTP floor"
AWS = "AWS scikit-learn, 2 workers"
COLUMNS = {
    "1 row, 1 connection: requests/s": f"{ONE}: requests/s", "p50 ms": f"{ONE}: p50 ms",
    "1 row, 32: requests/s": f"{MANY}: requests/s", "p99 ms": f"{MANY}: p99 ms", "CPU ms": f"{MANY}: CPU ms",
    "100 rows, 8: requests/s": f"{LARGE}: requests/s", "CPU ms of 100": f"{LARGE}: CPU ms",
    "start s": "start s", "MB": "MB",
}  # fmt: skip
# How many times better the first is than the second, and the goal.
GOALS = [
    *((OURS, name, f"{MANY}: requests/s", goal) for name, goal in
      {"MLflow": 150, AWS: 60, "BentoML, batching": 30, "LitServe, batching": 20}.items()),
    (TWO, AWS, f"{MANY}: requests/s", 60),  # both at their default, a process for each of two cores
    *((OURS, name, f"{ONE}: p50 ms", 30) for name in ("MLflow", AWS, "BentoML")),
    (OURS, "best rival", f"{MANY}: p99 ms", 15),
    (OURS, "MLflow", f"{LARGE}: requests/s", 10), (TWO, AWS, f"{LARGE}: requests/s", 6),
    (OURS, "LitServe, batching", f"{LARGE}: requests/s", 3),
    (OURS, AWS, f"{MANY}: CPU ms", 100),
    (OURS, "floor", f"{MANY}: CPU ms", 0.85),
    *((OURS, name, "start s", 15) for name in ("MLflow", AWS)), *((OURS, name, "MB", 5) for name in ("MLflow", AWS)),
    (WHOLE, "MLflow", f"{MANY}: requests/s", 10), (WHOLE, "FastAPI", f"{ONE}: p50 ms", 1),
]  # fmt: skip


def medians(rounds: dict[str, list[dict[str, float]]]) -> Results:
    """The median over the rounds, for each server and figure."""
    return {name: {key: statistics.median(one[key] for one in found) for key in found[0]}
            for name, found in rounds.items()}  # fmt: skip


def reached(results: Results, in_process: float) -> list[Ratio]:
    """How many times better, for each goal whose two sides were measured."""
    known = results | _bounds(results, in_process)
    found = []
    for ours, rival, measure, goal in GOALS:
        if ours in known and rival in known and measure in known[rival]:
            pair = known[ours][measure], known[rival][measure]
            ratio = pair[0] / pair[1] if measure.endswith("requests/s") else pair[1] / pair[0]
            name = "" if ours == OURS else f" ({ours})"
            found.append(Ratio(f"{measure}, to {rival}{name}", ratio, goal))
    return found


def _bounds(results: Results, in_process: float) -> Results:
    """The best rival at each measure of time, and the CPU time below which no server of this kind can be."""
    rivals = [found for name, found in results.items() if not name.startswith("ours") and name != FLOOR]
    bounds = (
        {"best rival": {key: min(one[key] for one in rivals) for key in rivals[0] if "p99" in key}} if rivals else {}
    )
    if FLOOR in results:
        bounds["floor"] = {f"{MANY}: CPU ms": results[FLOOR][f"{MANY}: CPU ms"] + in_process}
    return bounds


def tables(results: Results, in_process: float, circumstances: str) -> str:
    """Markdown: what was measured, and the goals."""
    lines = [f"{circumstances}\n", f"| server | {' | '.join(COLUMNS)} |", f"|{' --- |' * (len(COLUMNS) + 1)}"]
    for name, found in results.items():
        lines.append(f"| {name} | {' | '.join(_shown(found[key]) for key in COLUMNS.values())} |")
    lines.append(f"\nFrom the body to the answer without HTTP: {_shown(in_process)} ms of CPU.\n")
    lines += ["| times better | measured | goal |", "| --- | --- | --- |"]
    for one in reached(results, in_process):
        shown = f"**{_shown(one.measured)}×**" if one.measured >= one.goal else f"{_shown(one.measured)}×"
        lines.append(f"| {one.label} | {shown} | {one.goal:g}× |")
    return "\n".join(lines)


def circumstances(rounds: int, seconds: float, loads: list[float]) -> str:
    """Machine, versions and load, without which no figure means anything."""
    packages = {word: None for stack in STACKS for word in stack.packages[:1]} | dict.fromkeys(MODEL)
    versions = ", ".join(word.replace("==", " ") for word in packages)
    cores, load = len(os.sched_getaffinity(0)), f"{min(loads):.0f} to {max(loads):.0f}"
    turns = f"{rounds} round{'s' * (rounds > 1)}"
    return (f"{turns} of {seconds:g} s a point, {len(loads) // rounds} servers in turns, medians. "
            f"Python {platform.python_version()}, {versions}; {cores} cores, load {load}.")  # fmt: skip


def write(text: str, ratios: list[Ratio]) -> None:
    """Put tables and picture into the documentation."""
    page = PAGE.read_text()
    picture = "![Times better than the rivals, as a share of the goal](images/serving.svg)"
    block = f"{BEGIN}\n{text}\n\n{picture}\n{END}"
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: block, page, flags=re.DOTALL))
    draw(ratios, "Serving: times better than the rivals, each as a share of its goal (line)", PICTURE, to_goal=True)


def _shown(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
