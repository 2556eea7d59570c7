"""Training on rows that do not fit into memory, beside loading them and fitting. Run: python benchmarks/out_of_core.py

Ours is a whole training of the generated project (`python -m training.train`), memory_gb = 0.01, the linear model:
read, check, split, fit in batches, judge, baseline, seal. The rival is what people write: pandas.read_csv, the same
features, the same encoders and SGDRegressor at its defaults, 80/20. Each is one process; they take turns.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from measuring import Cost, Ratio, draw, machine, made, measured, median
from rich.console import Console
from rich.table import Table

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment

ROUNDS = 3
ROWS, LARGE = 2_000_000, 8
OURS = "import runpy; runpy.run_module('training.train', run_name='__main__')"
RIVAL = """
import sys
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import SGDRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

rows = pd.read_csv(sys.argv[1], parse_dates=["hired_on"])
hired = rows.pop("hired_on").dt
rows = rows.assign(day=(hired.year - 1970) * 365.25 + hired.dayofyear, month=hired.month, weekday=hired.weekday)
numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
columns = make_column_transformer(
    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include=object)), remainder=numbers
)
inputs, answers = rows.drop(columns="salary"), rows["salary"]
learn, judge, truth, expected = train_test_split(inputs, answers, test_size=0.2, random_state=0)
model = make_pipeline(columns, SGDRegressor(random_state=0)).fit(learn, truth)
print("mae", mean_absolute_error(expected, model.predict(judge)))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--picture", type=Path, help="also draw the ratios, as SVG")
    options = parser.parse_args()
    rows = options.rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = _project(folder)
        python = environment(project)
        file = made(python, project, rows, folder / "rows.csv")
        ways = {"ours, in batches": OURS, "pandas.read_csv, SGDRegressor.fit": RIVAL}
        costs: dict[str, list[Cost]] = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, code in ways.items():
                costs[way].append(measured(python, project, code, str(file)))
        ours, theirs = (median(of) for of in costs.values())
        large = measured(python, project, OURS, str(made(python, project, LARGE * rows, file)))
        _show(rows, ours, theirs, large)
        Console(width=110).print(machine(python, "pandas polars scikit-learn"))
    if options.picture:
        ratios = [Ratio("faster", theirs.seconds / ours.seconds, 1.3), Ratio("less memory", theirs.peak / ours.peak, 2)]
        draw(ratios, f"Training on {rows:,} rows, batch by batch, beside load-then-fit", options.picture)


def _project(folder: Path) -> Path:
    project = scaffold.create({"project_name": "Bench", "owner_email": "a@example.com"}, folder)
    settings = (project / "project.toml").read_text()
    settings = settings.replace("seed = 0", "memory_gb = 0.01\nseed = 0", 1).replace("learning_rate = 0.1", "", 1)
    (project / "project.toml").write_text(settings.replace('name = "gradient-boosting"', 'name = "linear"', 1))
    said = subprocess.run(["git", "diff", "--stat"], cwd=project, check=True, capture_output=True, text=True).stdout
    assert "project.toml" in said
    return project


def _show(rows: int, ours: Cost, theirs: Cost, large: Cost) -> None:
    table = Table("rows", "way", "seconds", "CPU s", "peak MB", "measured", "goal", title="Out-of-core training")
    faster, memory = theirs.seconds / ours.seconds, ours.peak / theirs.peak
    lines = [
        (rows, "ours, in batches", ours, f"{faster:.1f}x faster, {memory:.2f}x memory", "1.3x, 0.5x"),
        (rows, "pandas.read_csv, SGDRegressor.fit", theirs, "", ""),
        (LARGE * rows, "ours, in batches", large, f"{large.peak / ours.peak:.2f}x memory", "flat"),
    ]
    for count, way, cost, ratio, goal in lines:
        table.add_row(f"{count:,}", way, f"{cost.seconds:.1f}", f"{cost.cpu:.1f}", f"{cost.peak:,.0f}", ratio, goal)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
