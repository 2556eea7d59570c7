"""How long a project takes to make: `mlops new` and plain cookiecutter beside a plain copy of the same tree.

The copy and `mlops new` include the git repository with the first commit; cookiecutter makes none. What our hooks cost
shows beside a template without any, whose files are those that cookiecutter and the hooks make together.
Run: python benchmarks/generation.py
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parents[1]
ROUNDS = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = _new(folder / "model")
        whole = _whole_template(tree, folder / "template")
        rivals: dict[str, Callable[[Path], object]] = {
            "plain copy of the tree": lambda target: shutil.copytree(tree, target / "copy"),
            "mlops new": _new,
            "cookiecutter": lambda target: _cookiecutter(REPOSITORY, target),
            "cookiecutter, the same files without hooks": lambda target: _cookiecutter(whole, target),
        }
        # One round of each after the other, so that a busy moment of the machine hits all alike.
        seconds: dict[str, list[float]] = {rival: [] for rival in rivals}
        for round_number in range(ROUNDS):
            for rival, make in rivals.items():
                target = folder / f"{rival.replace(' ', '-')}-{round_number}"
                target.mkdir()
                started = time.perf_counter()
                make(target)
                seconds[rival].append(time.perf_counter() - started)
    _show({rival: statistics.median(values) for rival, values in seconds.items()})


def _new(target: Path) -> Path:
    command = [sys.executable, "-m", "cookiecutter_mlops", "new", "Salary Prediction", "--no-input"]
    subprocess.run([*command, "--output-dir", target], check=True, capture_output=True)
    return target / "salary-prediction"


def _whole_template(tree: Path, folder: Path) -> Path:
    """The template as somebody would write it who has no hooks: one project, and the same files to render."""
    context = json.loads((REPOSITORY / "cookiecutter-mlops/cookiecutter.json").read_text())
    copied = [*context["_copy_without_render"], "terraform/modules/*", "*.zip"]
    folder.mkdir()
    (folder / "cookiecutter.json").write_text(json.dumps({"project_slug": tree.name, "_copy_without_render": copied}))
    shutil.copytree(tree, folder / "{{cookiecutter.project_slug}}", ignore=shutil.ignore_patterns(".git"))
    return folder


def _cookiecutter(template: Path, target: Path) -> None:
    command = [sys.executable, "-m", "cookiecutter", str(template), "--no-input", "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True)


def _show(seconds: dict[str, float]) -> None:
    copy, cookiecutter = seconds["plain copy of the tree"], seconds["cookiecutter"]
    table = Table("way", "seconds", "to a copy", "to cookiecutter", title=f"Making a project, median of {ROUNDS}")
    for way, value in seconds.items():
        table.add_row(way, f"{value:.2f}", f"{value / copy:.1f}x", f"{value / cookiecutter:.2f}x")
    Console().print(table)


if __name__ == "__main__":
    main()
