"""A tiny image that keeps SageMaker's container contract with the standard library: `train`, `process` and `serve`."""

import http.server
import json
import os
import pathlib
import signal
import sys
import time

BASE = pathlib.Path(os.environ["SM_BASE_DIR"])


def train() -> None:
    """Save what the job was given; sleep or fail when its hyperparameters say so."""
    settings = json.loads((BASE / "input/config/hyperparameters.json").read_text())
    print("metric=0.25")
    print("metric=0.125", flush=True)
    if "steps" in settings:
        _step(int(settings["steps"]))
    if "sleep" in settings:
        _sleep(float(settings["sleep"]))
    if "fail" in settings:
        (BASE / "output/failure").write_text(settings["fail"])
        sys.exit(1)
    (BASE / "output/data/seen.json").write_text(json.dumps(_seen() | {"settings": settings}))
    (BASE / "model/answer.txt").write_text(settings.get("answer", "42"))
    (BASE / "checkpoints/epoch-1").write_text("1")


def process() -> None:
    """Write the input's files in capitals, as one; arguments: input folder, output folder, seconds to wait then."""
    source, target = map(pathlib.Path, sys.argv[2:4])
    text = "".join(path.read_text() for path in sorted(source.rglob("*")) if path.is_file())
    if text == "bad":
        sys.exit(3)
    (target / "upper.txt").write_text(text.upper())
    time.sleep(float(sys.argv[4]) if len(sys.argv) > 4 else 0)
    (BASE / "output/message").write_text("all rows read")


def serve() -> None:
    """Answer requests with the model's text; a model that says `broken` cannot be loaded."""
    if (BASE / "model/answer.txt").read_text() == "broken":
        sys.exit("cannot load the model")
    address = ("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
    http.server.ThreadingHTTPServer(address, _Handler).serve_forever()


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


def _step(steps: int) -> None:
    """Take a step after the other, each leaving a checkpoint; go on after the newest one that is there."""
    folder = BASE / "checkpoints"
    done = max((int(file.suffix[1:]) for file in folder.glob("step.*")), default=0)
    print(f"resume={done}", flush=True)
    for number in range(done + 1, steps + 1):
        time.sleep(0.5)
        (folder / f"step.{number}").write_text(str(number))
        print(f"step={number}", flush=True)


def _seen() -> dict[str, object]:
    data, config = BASE / "input/data", BASE / "input/config"
    return {
        "rows": sorted(path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()),
        "before": sorted(path.name for path in (BASE / "checkpoints").iterdir()),
        "env": {name: os.environ[name] for name in os.environ if name.startswith(("AWS_", "TRAINING_", "MLOPS_"))},
        "resources": json.loads((config / "resourceconfig.json").read_text()),
        "channels": json.loads((config / "inputdataconfig.json").read_text()),
    }


if __name__ == "__main__":
    {"train": train, "process": process, "serve": serve}[sys.argv[1]]()
