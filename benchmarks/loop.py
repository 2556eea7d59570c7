"""What the loop costs on this laptop: the demo's steps, the embedded AWS's start and memory, its cost per request.

Run: python benchmarks/loop.py
"""

import contextlib
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

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
    """Return the median milliseconds of one prediction through `invoke_endpoint`, and asked of its server directly."""
    body = json.dumps(project.recorded_request())
    client, name = project.client("sagemaker-runtime"), project.outputs["endpoints"]["prod"]
    direct = http.client.HTTPConnection("127.0.0.1", _port(project))
    headers = {"Content-Type": "application/json"}

    def through() -> None:
        client.invoke_endpoint(EndpointName=name, ContentType="application/json", Body=body)["Body"].read()

    def directly() -> None:
        direct.request("POST", "/invocations", body, headers)
        direct.getresponse().read()

    pairs = [(_timed(through), _timed(directly)) for _ in range(REQUESTS)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def _port(project: LoopProject) -> int:
    """Return the port of the endpoint's process; the embedded AWS keeps it to itself."""
    home = str(project.path / process.HOME).encode()
    for file in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # somebody else's, or gone
            variables = dict(entry.partition(b"=")[::2] for entry in file.read_bytes().split(b"\0"))
            if b"SAGEMAKER_BIND_TO_PORT" in variables and variables.get(b"SM_BASE_DIR", b"").startswith(home):
                return int(variables[b"SAGEMAKER_BIND_TO_PORT"])
    raise SystemExit("no endpoint runs")


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
    through, direct = overhead
    console.print(
        f"One prediction through invoke_endpoint: {through:.1f} ms, of its server: {direct:.1f} ms; "
        f"the embedded AWS and boto3 add {through - direct:.1f} ms a call."
    )


if __name__ == "__main__":
    main()
