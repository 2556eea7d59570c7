"""Preprocessing on Ray Data beside pandas: rows per second and peak memory from 1x to 8x the data.

Run: python benchmarks/preprocessing.py. Ours is `python -m preprocessing.run` of the generated project: CSV files whose
every row is typed and held to project.toml become Parquet shards with their sums and a report. pandas reads the files
at its defaults and writes one Parquet file. The ways take turns; imports and the start of Ray are counted. Memory is of
all processes together, the pages that they share counted once (PSS of /proc, every quarter of a second).
"""

import argparse
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from measuring import machine, made
from rich.console import Console
from rich.table import Table

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment

FILES, ROWS = 4, 250_000  # of 1x
SIZES = (1, 2, 4, 8)
OURS = "import sys; from preprocessing import run; run.main([sys.argv[1], '--into', sys.argv[2]])"
PANDAS = """
import sys
from pathlib import Path
import pandas as pd
files = sorted(Path(sys.argv[1]).iterdir())
Path(sys.argv[2]).mkdir(exist_ok=True)
pd.concat([pd.read_csv(file, parse_dates=["hired_on"]) for file in files]).to_parquet(f"{sys.argv[2]}/all.parquet")
"""


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and the peak of memory of all processes together in MB."""

    seconds: float
    peak: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS, help=f"of each of the {FILES} files of 1x")
    options = parser.parse_args()
    table = Table("data", "rows", "way", "seconds", "rows/s", "peak MB", "to 1x", title="Preprocessing")
    with tempfile.TemporaryDirectory() as name:
        project = _project(Path(name))
        python = environment(project)
        first = [made(python, project, options.rows, Path(name) / f"{number}.csv") for number in range(FILES)]
        ways = {"Ray Data": OURS, "pandas": PANDAS}
        alone: dict[str, Cost] = {}
        for size in SIZES:
            folder = _copied(first, size, Path(name) / "raw")
            for way, code in ways.items():
                cost = measured(python, project, code, str(folder), str(Path(name) / "out"))
                ratio = cost.peak / alone.setdefault(way, cost).peak
                rows = size * FILES * options.rows
                cells = (f"{cost.seconds:.1f}", f"{rows / cost.seconds:,.0f}", f"{cost.peak:,.0f}", f"{ratio:.2f}x")
                table.add_row(f"{size}x", f"{rows:,}", way, *cells)
        Console(width=110).print(table, machine(python, "ray pandas polars pyarrow"))


def _project(folder: Path) -> Path:
    """A project that can preprocess: Ray is asked for, as its README says."""
    project = scaffold.create({"project_name": "Bench", "owner_email": "a@example.com"}, folder)
    with (project / "requirements/train.txt").open("a") as requirements:
        requirements.write("-r preprocess.txt\n")
    return project


def _copied(first: list[Path], size: int, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number in range(size):
        for file in first:
            shutil.copy(file, folder / f"{number}-{file.name}")
    return folder


def measured(python: Path, project: Path, code: str, source: str, target: str) -> Cost:
    """Run code in a project's folder with its Python, and remove what it wrote."""
    started = time.perf_counter()
    process = subprocess.Popen([python, "-c", code, source, target], cwd=project, stdout=subprocess.DEVNULL)
    peaks = [0.0]
    watching = threading.Thread(target=_watch, args=(process, peaks))
    watching.start()
    status = process.wait()
    seconds = time.perf_counter() - started
    watching.join()
    shutil.rmtree(target, ignore_errors=True)
    if status:
        raise SystemExit(f"failed: {code}")
    return Cost(seconds, max(peaks))


def _watch(process: "subprocess.Popen[bytes]", peaks: list[float]) -> None:
    while process.poll() is None:
        peaks.append(sum(map(_megabytes, _family(process.pid))))
        time.sleep(0.25)


def _family(root: int) -> list[int]:
    """A process and all that it started."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended meanwhile
    found = [root]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _megabytes(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


if __name__ == "__main__":
    main()
