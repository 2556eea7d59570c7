"""Reading training data beside pandas: speed, and memory from 1x to 8x the rows. Run: python benchmarks/ingestion.py

Ours is what `mlops data push` and every training do: each cell typed and held to project.toml. pandas only reads, at
its defaults. Each reading is one process, imports included; the ways take turns, and the median of the rounds is shown.
"""

import argparse
import tempfile
from pathlib import Path

from measuring import Cost, machine, made, measured, median
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
    rounds = parser.parse_args().rounds
    table = Table("file", "rows", "way", "seconds", "CPU s", "peak MB", "faster", "goal", title="Reading training data")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = scaffold.create({"project_name": "Bench", "owner_email": "a@example.com"}, folder)
        python = environment(project)
        for suffix, (rows, pandas, goal, growth) in KINDS.items():
            file = made(python, project, rows, folder / f"rows{suffix}")
            ways = {"ours": CHECK, f"pandas.{pandas.split('(')[0]}": PANDAS.format(pandas)}
            costs: dict[str, list[Cost]] = {way: [] for way in ways}
            for _ in range(rounds):
                for way, code in ways.items():
                    costs[way].append(measured(python, project, code, str(file)))
            ours, theirs = (median(of) for of in costs.values())
            _add(table, (suffix, f"{rows:,}"), ("ours", ours), f"{theirs.seconds / ours.seconds:.1f}x", f"{goal}x")
            _add(table, ("", ""), (list(ways)[1], theirs), "", "")
            if growth:
                file = made(python, project, LARGE * rows, file)
                large = measured(python, project, CHECK, str(file))
                memory = f"{large.peak / ours.peak:.2f}x memory"
                _add(table, ("", f"{LARGE * rows:,}"), ("ours", large), memory, f"{growth}x")
            file.unlink()
        console = Console(width=110)
        console.print(table, machine(python, "pandas polars fastexcel openpyxl"))


def _add(table: Table, which: tuple[str, str], way: tuple[str, Cost], ratio: str, goal: str) -> None:
    name, cost = way
    table.add_row(*which, name, f"{cost.seconds:.1f}", f"{cost.cpu:.1f}", f"{cost.peak:,.0f}", ratio, goal)


if __name__ == "__main__":
    main()
