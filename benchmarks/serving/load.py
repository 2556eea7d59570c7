"""One server under load: started, asked with wrk at every point, weighed, ended."""

import http.client
import os
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import processes
import stacks
from problem import Problem
from stacks import Stack

from cookiecutter_mlops.environments import root

POINTS = {"1 row, 1 connection": (1, 1), "1 row, 32 connections": (1, 32), "100 rows, 8 connections": (100, 8)}
SLOWEST = 300  # seconds that a server may take to start
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


@dataclass(frozen=True)
class Load:
    """Measures servers of one problem; `seconds` is the time at each point."""

    problem: Problem
    seconds: float

    def measured(self, stack: Stack) -> dict[str, float]:
        """One round of a stack, by the name of what was measured."""
        port, log = _free_port(), self.problem.folder / "log.txt"
        self._prepare(stack)
        begin = time.monotonic()
        with log.open("wb") as out:
            process = self._started(stack, port, out)
        try:
            while _status(port, stack.ping) != 200:
                if process.poll() is not None or time.monotonic() > begin + SLOWEST:
                    raise SystemExit(f"{stack.name} did not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.02)
            found = {"start s": time.monotonic() - begin}
            self._loaded(stack, process.pid, port, "warm", 1, 8)  # each worker of a server loads its model
            for point, (rows, connections) in POINTS.items():
                found |= self._loaded(stack, process.pid, port, point, rows, connections)
            return found | {"MB": processes.memory_mb(process.pid)}
        finally:
            processes.end(process)

    def _prepare(self, stack: Stack) -> None:
        """What is not part of a start: installing, a model's own format, the walker."""
        folder = self._folder(stack)
        if stack.prepare and not Path(self._given(stack.prepare[-1])).exists():
            subprocess.run([folder / stack.prepare[0], *map(self._given, stack.prepare[1:])], check=True)
        if stack.rung:
            (self.problem.project / "inference/walker.so").unlink(missing_ok=True)
        if stack.rung == "compiled":
            self.problem.run("-m", "inference.build")

    def _started(self, stack: Stack, port: int, log: Any) -> "subprocess.Popen[bytes]":
        folder, problem = self._folder(stack), self.problem
        environ = os.environ | {
            "PATH": f"{folder}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1", "SAGEMAKER_BIND_TO_PORT": str(port),
            "SM_BASE_DIR": str(problem.whole if stack.rung == "whole" else problem.planned),
            "BENCH_MODEL": str(problem.folder / "model.joblib"),
        }  # fmt: skip
        environ |= {name: self._given(value, port) for name, value in stack.environ.items()}
        command = [str(folder / stack.command[0]), *(self._given(word, port) for word in stack.command[1:])]
        place = problem.folder if stack.packages else problem.project
        return subprocess.Popen(command, cwd=place, env=environ, stdout=log, stderr=log, start_new_session=True)

    def _folder(self, stack: Stack) -> Path:
        return stacks.interpreter(stack, root() / "benchmarks") if stack.packages else self.problem.python.parent

    def _given(self, word: str, port: int = 0) -> str:
        return word.replace("PORT", str(port)).replace("FOLDER", str(self.problem.folder))

    def _loaded(self, stack: Stack, pid: int, port: int, point: str, rows: int, connections: int) -> dict[str, float]:
        script = self.problem.folder / "load.lua"
        script.write_text(LUA.replace("BODIES", str(self.problem.bodies(stack.body, rows))))
        before = processes.cpu_seconds(pid)
        command = ["wrk", "-t1", f"-c{connections}", f"-d{self.seconds:g}s", "--timeout", "20s", "-s", str(script)]
        for _ in range(3):  # a busy machine may leave a slow server without one answer in so short a time
            done = subprocess.run([*command, f"http://127.0.0.1:{port}{stack.path}"], capture_output=True, text=True)
            found = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+) (\S+)", done.stdout)
            if found and int(found[1]):
                break
        if not found or float(found[5]) or not int(found[1]):
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
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
