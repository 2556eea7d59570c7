"""What the loop costs on this laptop: the demo's steps, the embedded AWS's start and memory, its cost per request.

Run: python benchmarks/loop.py
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cookiecutter_mlops.demo import first_row
from cookiecutter_mlops.localaws import process
from cookiecutter_mlops.loop import LoopProject

REQUESTS = 200


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        facts_file = folder / "facts.json"
        command = [sys.executable, "-m", "cookiecutter_mlops", "demo", "--keep", "--folder", str(folder / "demo")]
        subprocess.run([*command, "--json", str(facts_file)], check=True)
        project = LoopProject(folder / "demo" / "salary-prediction")
        try:
            project.up()  # it runs already: this takes its variables
            _show(json.loads(facts_file.read_text()), _memory(project), _overhead(project))
        finally:
            project.down()


def _memory(project: LoopProject) -> float:
    server = process.find(project.path / process.HOME)
    assert server is not None
    return server.memory_mb


def _overhead(project: LoopProject) -> tuple[float, float]:
    """Return the median milliseconds of one request through the embedded AWS, and of an empty answer of it."""
    request = {"instances": [first_row(project.path)]}
    through = [_timed(lambda: project.invoke_endpoint(request)) for _ in range(REQUESTS)]
    address = f"{project.environment['AWS_ENDPOINT_URL']}/_embedded/health"
    floor = [_timed(lambda: urllib.request.urlopen(address).read()) for _ in range(REQUESTS)]  # noqa: S310 loopback
    return statistics.median(through), statistics.median(floor)


def _timed(call) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def _show(facts: dict, memory: float, overhead: tuple[float, float]) -> None:
    table = Table("step", "seconds", title="The loop")
    for step in facts["steps"]:
        table.add_row(step["step"], f"{step['seconds']:.1f}")
    table.add_row("all", f"{facts['seconds']:.1f}", style="bold")
    console = Console()
    console.print(table)
    console.print(f"Embedded AWS with the project in it: {memory:.0f} MB.")
    console.print(f"One prediction through it: {overhead[0]:.1f} ms; an empty answer of it: {overhead[1]:.1f} ms.")


if __name__ == "__main__":
    main()
