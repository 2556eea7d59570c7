"""Reading training data beside pandas: speed, and memory from 1x to 8x the rows. Run: python benchmarks/ingestion.py

Ours is what `mlops data push` and every training do: each cell typed and held to project.toml. pandas only reads, at
its defaults. Each reading is one process, imports included; the ways take turns, and the median of the rounds is shown.
"""

import argparse
import tempfile
from pathlib import Path

from measuring import Cost, Ratio, draw, machine, made, measured, median
from rich.console import Console
from rich.table import Table

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment

ROUNDS = 3
LARGE = 8
CHECK = "import sys; from pathlib import Path; from training import data, settings; "
CHECK += "print(data.check(Path(sys.argv[1]), settings.load_settings()))"
# By kind of file: how many rows, what pandas does at its defaults, the goal for speed and the one for memory.
KINDS = {
    ".csv": (2_000_000, "read_csv(sys.argv[1])", 2, 1.15),
    ".ndjson": (500_000, "read_json(sys.argv[1], lines=True)", 10, 1.25),
    ".xlsx": (60_000, "read_excel(sys.argv[1])", 8, None),
}
PANDAS = "import sys; import pandas; print(len(pandas.{}))"


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
        ratios = [_kind(suffix, project, options.rounds, table) for suffix in KINDS]
        Console(width=110).print(table, machine(environment(project), "pandas polars fastexcel openpyxl"))
    if options.picture:
        draw(ratios, "Reading training data: times faster than pandas", options.picture)


def _kind(suffix: str, project: Path, rounds: int, table: Table) -> Ratio:
    """Measure one kind of file, and add its rows to the table."""
    rows, pandas, goal, growth = KINDS[suffix]
    python, rival = environment(project), f"pandas.{pandas.split('(')[0]}"
    file = made(python, project, rows, project.parent / f"rows{suffix}")
    costs: dict[str, list[Cost]] = {CHECK: [], PANDAS.format(pandas): []}
    for _ in range(rounds):
        for code, of in costs.items():
            of.append(measured(python, project, code, str(file)))
    ours, theirs = (median(of) for of in costs.values())
    ratio = Ratio(f"{rival}, {suffix}", theirs.seconds / ours.seconds, goal)
    _add(table, (suffix, f"{rows:,}"), ("ours", ours), f"{ratio.measured:.1f}x faster", f"{goal}x")
    _add(table, ("", ""), (rival, theirs), f"{theirs.cpu / ours.cpu:.1f}x the CPU", "")
    if growth:
        large = measured(python, project, CHECK, str(made(python, project, LARGE * rows, file)))
        _add(table, ("", f"{LARGE * rows:,}"), ("ours", large), f"{large.peak / ours.peak:.2f}x memory", f"{growth}x")
    file.unlink()
    return ratio


def _add(table: Table, which: tuple[str, str], way: tuple[str, Cost], ratio: str, goal: str) -> None:
    name, cost = way
    table.add_row(*which, name, f"{cost.seconds:.1f}", f"{cost.cpu:.1f}", f"{cost.peak:,.0f}", ratio, goal)


if __name__ == "__main__":
    main()
