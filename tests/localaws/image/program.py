"""A tiny image that keeps SageMaker's container contract with the standard library: `train`, `process` and `serve`."""

import http.server
import json
import os
import pathlib
import signal
import socket
import sys
import tarfile
import time
from typing import Any

BASE = pathlib.Path(os.environ["SM_BASE_DIR"])


def train() -> None:
    """Save what the job was given; sleep or fail when its hyperparameters say so."""
    settings = json.loads((BASE / "input/config/hyperparameters.json").read_text())
    print("metric=0.25")
    print("metric=0.125", flush=True)
    if settings.get("fail-on") == _resources()["current_host"]:
        sys.exit(5)
    if "steps" in settings:
        _step(int(settings["steps"]), float(settings.get("pace", 0.5)))
    if "tune" in settings:
        print(f"loss={float(settings['rate']):.6f}", flush=True)
        time.sleep(60 if settings["tune"] == "slow when bad" and float(settings["rate"]) > 0.5 else 0)
    if "sleep" in settings:
        _sleep(float(settings["sleep"]))
    if "fail" in settings:
        (BASE / "output/failure").write_text(settings["fail"])
        sys.exit(1)
    if "port" in settings:
        _reduce(int(settings["port"]))
    if "reach" in settings:
        _reach(settings["reach"])
    (BASE / "output/data/seen.json").write_text(json.dumps(_seen() | {"settings": settings}))
    (BASE / "model/answer.txt").write_text(settings.get("answer", "42"))
    (BASE / "checkpoints/epoch-1").write_text("1")


def process() -> None:
    """Write the input's files in capitals, as one; arguments: input folder, output folder, seconds to wait then."""
    source, target = map(pathlib.Path, sys.argv[2:4])
    text = "".join(path.read_text() for path in sorted(source.rglob("*")) if path.is_file())
    if text == "bad":
        sys.exit(3)
    resources = json.loads((BASE / "config/resourceconfig.json").read_text())
    name = "upper" if len(resources["hosts"]) == 1 else resources["current_host"]
    (target / f"{name}.txt").write_text(text.upper())
    time.sleep(float(sys.argv[4]) if len(sys.argv) > 4 else 0)
    (BASE / "output/message").write_text("all rows read")


def evaluate() -> None:
    """Write the error of a model, which is its answer, as JSON; arguments: the folder of its archive, output folder."""
    source, target = map(pathlib.Path, sys.argv[2:4])
    with tarfile.open(source / "model.tar.gz") as archive:
        answer = archive.extractfile("answer.txt").read()  # type: ignore[union-attr]
    report = {"regression_metrics": {"mse": {"value": float(answer)}}, "folds": [{"mse": 1.5}]}
    (target / "evaluation.json").write_text(json.dumps(report))


def serve() -> None:
    """Answer requests with the model's text; a model that says `broken` cannot be loaded."""
    if (BASE / "model/answer.txt").read_text() == "broken":
        sys.exit("cannot load the model")
    address = ("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
    _Server(address, _Handler).serve_forever()


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # a hundred clients at once are not too many


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if body == "bad":
            return self._answer(400, b"not a request")
        model = (BASE / "model/answer.txt").read_text()
        if model == "upper":  # each line is a record
            return self._answer(200, "\n".join(f"{line.upper()}" for line in body.splitlines()).encode())
        if model == "failing":
            return self._answer(500, b"out of order")
        answer = {"model": model, "body": body, "type": self.headers["Content-Type"]}
        return self._answer(200, json.dumps(answer).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)


def _sleep(seconds: float) -> None:
    def stop(*_: object) -> None:
        (BASE / "model/stopped").write_text("yes")
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    print("asleep", flush=True)
    time.sleep(seconds)


def _step(steps: int, seconds: float) -> None:
    """Take a step after the other, each leaving a checkpoint; go on after the newest one that is there."""
    folder = BASE / "checkpoints"
    done = max((int(file.suffix[1:]) for file in folder.glob("step.*")), default=0)
    print(f"resume={done}", flush=True)
    for number in range(done + 1, steps + 1):
        time.sleep(seconds)
        (folder / f"step.{number}").write_text(str(number))
        print(f"step={number}", flush=True)


def _reduce(port: int) -> None:
    """Sum what all hosts read, over TCP by way of the first one; leave the share and the sum under the host's name."""
    resources = _resources()
    host, hosts = resources["current_host"], resources["hosts"]
    files = {path.name: int(path.read_text()) for path in (BASE / "input/data").rglob("*") if path.is_file()}
    own = sum(files.values())
    total = _lead(host, port, len(hosts), own) if host == hosts[0] else _follow(hosts[0], port, own)
    (BASE / f"model/{host}.json").write_text(json.dumps({"files": sorted(files), "sum": total}))


def _lead(host: str, port: int, count: int, own: int) -> int:
    with socket.create_server((host, port)) as server:
        others = [server.accept()[0] for _ in range(count - 1)]
        total = own + sum(int(other.recv(64)) for other in others)
        for other in others:
            other.sendall(str(total).encode())
        return total


def _follow(leader: str, port: int, own: int) -> int:
    for _ in range(100):
        try:
            with socket.create_connection((leader, port)) as connection:
                connection.sendall(str(own).encode())
                return int(connection.recv(64))
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise TimeoutError(leader)


def _reach(address: str) -> None:
    """Say whether an address, host:port, can be reached."""
    try:
        socket.create_connection(address.split(":"), timeout=2).close()
        said = "reached"
    except OSError as error:
        said = str(error)
    (BASE / "output/data/network.txt").write_text(said)


def _resources() -> dict[str, Any]:
    return json.loads((BASE / "input/config/resourceconfig.json").read_text())


def _seen() -> dict[str, object]:
    data, config = BASE / "input/data", BASE / "input/config"
    return {
        "rows": sorted(path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()),
        "before": sorted(path.name for path in (BASE / "checkpoints").iterdir()),
        "env": {name: os.environ[name] for name in os.environ if name.startswith(("AWS_", "TRAINING_", "MLOPS_"))},
        "resources": _resources(),
        "channels": json.loads((config / "inputdataconfig.json").read_text()),
    }


if __name__ == "__main__":
    {"train": train, "process": process, "evaluate": evaluate, "serve": serve}[sys.argv[1]]()
