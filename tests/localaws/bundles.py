"""A tiny image that keeps SageMaker's container contract with the standard library, and its installation in a test."""

import hashlib
import json
import sys
import uuid
from typing import Any

from tests.localaws.conftest import ACCOUNT, REGION, Aws

PROGRAM = """
import http.server, json, os, pathlib, signal, sys, time

base = pathlib.Path(os.environ["SM_BASE_DIR"])

def train():
    settings = json.loads((base / "input/config/hyperparameters.json").read_text())
    rows = sorted(p.relative_to(base / "input/data").as_posix() for p in (base / "input/data").rglob("*") if p.is_file())
    checkpoints = base / "checkpoints"
    print("metric=0.25"); print("metric=0.125")
    if settings.get("sleep"):
        signal.signal(signal.SIGTERM, lambda *_: ((base / "model/stopped").write_text("yes"), sys.exit(0)))
        print("asleep", flush=True); time.sleep(float(settings["sleep"]))
    if settings.get("fail"):
        (base / "output/failure").write_text(settings["fail"]); sys.exit(1)
    seen = {"rows": rows, "before": sorted(p.name for p in checkpoints.iterdir()), "settings": settings,
            "env": {k: v for k, v in os.environ.items() if k.startswith(("AWS_", "TRAINING_", "MLOPS_"))},
            "resources": json.loads((base / "input/config/resourceconfig.json").read_text()),
            "channels": json.loads((base / "input/config/inputdataconfig.json").read_text())}
    (base / "output/data/seen.json").write_text(json.dumps(seen))
    (base / "model/answer.txt").write_text(settings.get("answer", "42"))
    (checkpoints / "epoch-1").write_text("1")

def process():
    source, target = map(pathlib.Path, sys.argv[2:4])
    if not any(source.iterdir()): sys.exit(3)
    (target / "upper.txt").write_text(next(source.iterdir()).read_text().upper())
    (base / "output/message").write_text("all rows read")

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def answer(self, status, body, kind="application/json"):
        self.send_response(status); self.send_header("Content-Type", kind); self.end_headers(); self.wfile.write(body)
    def do_GET(self): self.answer(200, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"bad": return self.answer(400, b"not a request")
        model = (base / "model/answer.txt").read_text()
        self.answer(200, json.dumps({"model": model, "body": body.decode(), "type": self.headers["Content-Type"]}).encode())

def serve():
    print("serving", flush=True)
    if (base / "model/answer.txt").read_text() == "broken": sys.exit("cannot load the model")
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()

{"train": train, "serve": serve, "process": process}[sys.argv[1]]()
"""


def push_bundle(aws: Aws) -> str:
    """Put the image into the embedded registry, as its docker stand-in does, and return its URI by digest."""
    digest = hashlib.sha256(PROGRAM.encode()).hexdigest()
    folder = aws.home / "images" / digest
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "program.py").write_text(PROGRAM)
    settings: dict[str, Any] = {"entrypoint": ["python", "program.py"], "env": {}, "python": sys.executable}
    (folder / ".bundle.json").write_text(json.dumps(settings))
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/tiny@sha256:{digest}"


def new_bucket(aws: Aws, **files: str) -> str:
    """Create a versioned bucket with some files and return its name."""
    s3, name = aws.client("s3"), f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for key, content in files.items():
        s3.put_object(Bucket=name, Key=key, Body=content.encode())
    return name
