"""Reading training data beside pandas: speed, and memory from 1x to 8x the rows. Run: python benchmarks/ingestion.py

Ours is what `mlops data push` does, and every training as it reads: each cell typed and held to project.toml (a
training goes on with pandas, whose import is not counted in ours). pandas only reads: at its defaults, and at 8x the
rows in chunks where it can, because memory is bounded then as ours is. Each reading is one process, imports included;
the ways take turns, and the median of the rounds is shown (8x the rows: one round).
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measuring import Cost, Ratio, draw, machine, made, measured, median
from rich.console import Console
from rich.table import Table

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment

ROUNDS = 3
LARGE = 8
CHECK = "import sys; from pathlib import Path; from training import batches, settings; "
CHECK += "print(batches.check(Path(sys.argv[1]), settings.load_settings()))"


@dataclass(frozen=True)
class Kind:
    """A kind of file: how many rows, what pandas does with it, and the goals for speed and for memory."""

    suffix: str
    rows: int
    call: str
    faster: float
    growth: float | None  # None: a workbook is in memory as a whole, and pandas has no chunks of it

    def rival(self, chunks: bool) -> str:
        """The code that reads a file with pandas."""
        if not chunks:
            return f"import sys, pandas; print(len(pandas.{self.call.format('')}))"
        return f"import sys, pandas; print(sum(map(len, pandas.{self.call.format(', chunksize=100_000')})))"


KINDS = [
    Kind(".csv", 2_000_000, "read_csv(sys.argv[1]{})", 2, 1.15),
    Kind(".ndjson", 500_000, "read_json(sys.argv[1], lines=True{})", 10, 1.25),
    Kind(".xlsx", 60_000, "read_excel(sys.argv[1]{})", 8, None),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--picture", type=Path, help="also draw the ratios, as SVG")
    options = parser.parse_args()
    table = Table(
        "file", "rows", "way", "seconds", "CPU s", "peak MB", "measured", "goal", title="Reading training data"
    )
    with tempfile.TemporaryDirectory() as name:
        project = scaffold.create({"project_name": "Bench", "owner_email": "a@example.com"}, Path(name))
        ratios = [ratio for kind in KINDS for ratio in _kind(kind, project, options.rounds, table)]
        Console(width=110).print(table, machine(environment(project), "pandas polars fastexcel openpyxl"))
    if options.picture:
        draw(ratios, "Reading training data: times faster than pandas", options.picture)


def _kind(kind: Kind, project: Path, rounds: int, table: Table) -> list[Ratio]:
    """Measure one kind of file, small and large, and add its rows to the table."""
    small, peak = _size(kind, kind.rows, False, project, rounds, table)
    large, larger = _size(kind, LARGE * kind.rows, kind.growth is not None, project, 1, table)
    if kind.growth:
        table.add_row("", "", f"ours, {LARGE}x the rows", "", "", "", f"{larger / peak:.2f}x memory", f"{kind.growth}x")
    return [small, large]


def _size(kind: Kind, rows: int, chunks: bool, project: Path, rounds: int, table: Table) -> tuple[Ratio, float]:
    """Measure ours and pandas on as many rows; returns the ratio of their times, and our peak of memory in MB."""
    python, file = environment(project), project.parent / f"rows{kind.suffix}"
    made(python, project, rows, file)
    costs: dict[str, list[Cost]] = {CHECK: [], kind.rival(chunks): []}
    for _ in range(rounds):
        for way, of in costs.items():
            of.append(measured(python, project, way, str(file)))
    file.unlink()
    ours, theirs = (median(of) for of in costs.values())
    name = kind.call.split("(")[0] + (", in chunks" if chunks else "")
    ratio = Ratio(f"{name}, {rows:,} rows", theirs.seconds / ours.seconds, kind.faster)
    _add(table, (kind.suffix, f"{rows:,}"), ("ours", ours), f"{ratio.measured:.1f}x faster", f"{kind.faster}x")
    _add(table, ("", ""), (name, theirs), f"{theirs.cpu / ours.cpu:.1f}x the CPU", "")
    return ratio, ours.peak


def _add(table: Table, which: tuple[str, str], way: tuple[str, Cost], ratio: str, goal: str) -> None:
    name, cost = way
    table.add_row(*which, name, f"{cost.seconds:.1f}", f"{cost.cpu:.1f}", f"{cost.peak:,.0f}", ratio, goal)


if __name__ == "__main__":
    main()
