"""Our server beside others, on one fitted pipeline: `python benchmarks/serving [--rounds 3] [--seconds 3] [NAME …]`.

One round of every stack after the other, so that a busy moment hits all alike; the ratios of one run are the result.
Needs wrk (Debian: `apt install wrk`) and Linux. Each rival is installed once, into an environment of its own.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import processes
import stacks
import tomlkit
from stacks import STACKS, Stack

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment, root

POINTS = {"1 row, 1 connection": (1, 1), "1 row, 32 connections": (1, 32), "100 rows, 8 connections": (100, 8)}
DIFFERENT = 200  # bodies that differ, so that no cache knows the answer
LUA = """
local bodies, i = {}, 0
for line in io.lines("BODIES") do bodies[#bodies + 1] = line end
wrk.method, wrk.headers["Content-Type"] = "POST", "application/json"
request = function() i = i % #bodies + 1 return wrk.format(nil, nil, nil, bodies[i]) end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %f %f %f %d\\n", summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, e.status + e.connect + e.read + e.timeout))
end
"""
EXPORT = """
import sys, joblib
from pathlib import Path
from training import model
joblib.dump(model.restore(Path(sys.argv[1])).estimator, sys.argv[2])
"""
LOWER = """
import json, sys
from pathlib import Path
from training import artifact
folder = Path(sys.argv[1])
(folder / "serving.json").write_text(json.dumps({"plan": "none", "why": "the benchmark asks for the pipeline"}))
manifest = json.loads((folder / "manifest.json").read_text())
artifact.seal(folder, {name: value for name, value in manifest.items() if name != "files"})
"""


class Bench:
    """A project with a trained model, the bodies, and what every stack needs to find it."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.seconds, self.environments = folder, seconds, root() / "benchmarks"
        self.project = scaffold.create({"project_name": "Bench", "owner_email": "a@example.com"}, folder)
        self._simplify()
        self.python = environment(self.project)
        for module in ("inference.build", "training.train"):
            self._run("-m", module)
        self.model = self.project / ".mlops/ml/model"
        self._run("-c", EXPORT, self.model, folder / "model.joblib")
        whole = folder / "whole"
        shutil.copytree(self.project / ".mlops/ml", whole)
        self._run("-c", LOWER, whole / "model")
        self._write_bodies()

    def _simplify(self) -> None:
        """Rivals hand a request to the pipeline as it is, so the dates that our code takes apart are left out."""
        path = self.project / "project.toml"
        document: Any = tomlkit.parse(path.read_text())
        document["columns"] = [column for column in document["columns"] if column["type"] != "date"]
        document["model"]["hyperparameters"] |= {"max_iter": 200, "early_stopping": False}
        path.write_text(tomlkit.dumps(document))

    def _run(self, *arguments: Any) -> None:
        subprocess.run([self.python, *arguments], cwd=self.project, check=True, stdout=subprocess.DEVNULL)

    def _write_bodies(self) -> None:
        names = [column["name"] for column in tomllib.loads((self.project / "project.toml").read_text())["columns"][1:]]
        header, *lines = (self.project / "data/sample.csv").read_text().splitlines()
        kinds = {"manager": lambda text: text == "yes", "department": str, "city": lambda text: text or None}
        rows = []
        for line in lines:
            cells = dict(zip(header.split(","), line.split(","), strict=True))
            rows.append(
                {name: kinds.get(name, lambda text: float(text) if text else None)(cells[name]) for name in names}
            )
        for count in {count for count, _ in POINTS.values()}:
            parts = [[rows[(n * count + k) % len(rows)] for k in range(count)] for n in range(DIFFERENT)]
            tables = [{"columns": names, "data": [[*row.values()] for row in part]} for part in parts]
            self._bodies("instances", count, [{"instances": part} for part in parts])
            self._bodies("dataframe_split", count, [{"dataframe_split": table} for table in tables])

    def _bodies(self, kind: str, count: int, bodies: list[Any]) -> None:
        (self.folder / f"{kind}-{count}").write_text("\n".join(json.dumps(body) for body in bodies))

    def measured(self, stack: Stack) -> dict[str, float]:
        """One round of a stack: start, every point, memory."""
        port = _free_port()
        begin = time.monotonic()
        with (self.folder / "log.txt").open("wb") as log:
            process = self._started(stack, port, log)
        try:
            while _status(port, stack.ping) != 200:
                if process.poll() is not None or time.monotonic() > begin + 300:
                    raise SystemExit(f"{stack.name} did not start:\n{(self.folder / 'log.txt').read_text()[-2000:]}")
                time.sleep(0.02)
            found = {"start s": time.monotonic() - begin}
            for point, (rows, connections) in POINTS.items():
                found |= self._loaded(stack, process.pid, port, point, rows, connections)
            return found | {"MB": processes.memory_mb(process.pid)}
        finally:
            processes.end(process)

    def _started(self, stack: Stack, port: int, log: Any) -> "subprocess.Popen[bytes]":
        folder = self.python.parent if stack.ours else stacks.interpreter(stack, self.environments)
        places = {"PORT": str(port), "MLFLOW": str(self.folder / "mlflow")}
        if stack.body == "dataframe_split" and not (self.folder / "mlflow").exists():
            script = stacks.HERE / "mlflow_model.py"
            subprocess.run(
                [folder / "python", script, self.folder / "model.joblib", self.folder / "mlflow"], check=True
            )
        base = self.folder / "whole" if stack.environ.get("BENCH_RUNG") == "none" else self.project / ".mlops/ml"
        environ = os.environ | {
            "PATH": f"{folder}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1", "SM_BASE_DIR": str(base),
            "SAGEMAKER_BIND_TO_PORT": str(port), "BENCH_MODEL": str(self.folder / "model.joblib"),
            "BENTOML_DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true", **stack.environ,
        }  # fmt: skip
        library = self.project / "inference/walker.so"
        if stack.ours:
            library.unlink(missing_ok=True)
            if "BENCH_RUNG" not in stack.environ:
                self._run("-m", "inference.build")
        command = [str(folder / stack.command[0]), *(places.get(word, word) for word in stack.command[1:])]
        return subprocess.Popen(command, cwd=self.project, env=environ, stdout=log, stderr=log, start_new_session=True)

    def _loaded(self, stack: Stack, pid: int, port: int, point: str, rows: int, connections: int) -> dict[str, float]:
        script = self.folder / "load.lua"
        script.write_text(LUA.replace("BODIES", str(self.folder / f"{stack.body}-{rows}")))
        before = processes.cpu_seconds(pid)
        command = ["wrk", "-t1", f"-c{connections}", f"-d{self.seconds:g}s", "--timeout", "20s", "-s", str(script)]
        done = subprocess.run([*command, f"http://127.0.0.1:{port}/invocations"], capture_output=True, text=True)
        found = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+) (\S+)", done.stdout)
        if not found or float(found[5]):
            raise SystemExit(f"{stack.name}, {point}: {done.stdout}{done.stderr}")
        requests, taken, median, last = (float(text) for text in found.groups()[:4])
        cpu = (processes.cpu_seconds(pid) - before) / max(requests, 1) * 1000
        return {f"{point}: {name}": value for name, value in
                {"requests/s": requests / taken, "p50 ms": median, "p99 ms": last, "CPU ms": cpu}.items()}  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _status(port: int, path: str) -> int:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0


def _show(results: dict[str, list[dict[str, float]]]) -> None:
    """A table with the medians of the rounds, and how many times better the first stack is than each other."""
    medians = {name: {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
               for name, rounds in results.items()}  # fmt: skip
    best = next(iter(medians.values()))
    print(f"| {' | '.join(['measure', *medians])} |\n|{' --- |' * (len(medians) + 1)}")
    for key, ours in best.items():
        cells = []
        for values in medians.values():
            ratio = values[key] / ours if "requests" not in key else ours / max(values[key], 1e-9)
            shown = f"{values[key]:.3g}" if values[key] < 1000 else f"{values[key]:,.0f}"
            cells.append(shown if values is best else f"{shown} ({ratio:.1f}×)")
        print(f"| {key} | {' | '.join(cells)} |")
    print(f"\nLoad of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each point")
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(stack.name for stack in STACKS)}")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed; on Debian: apt install wrk")
    chosen = [stack for stack in STACKS if not options.names or stack.name in options.names]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.seconds)
        results: dict[str, list[dict[str, float]]] = {stack.name: [] for stack in chosen}
        for number in range(options.rounds):
            for stack in chosen:
                results[stack.name].append(bench.measured(stack))
                print(f"round {number + 1}: {stack.name}", flush=True)
        _show(results)


if __name__ == "__main__":
    main()
