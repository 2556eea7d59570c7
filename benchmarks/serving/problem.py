"""What every server is asked about: one fitted pipeline, in each server's own format, and the bodies of requests."""

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import tomlkit

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment

DIFFERENT = 200  # bodies that differ, so that no cache knows the answer
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
IN_PROCESS = """
import sys, time
from pathlib import Path
from inference import formats, handler
model, bodies = handler.restore(Path(sys.argv[1])), Path(sys.argv[2]).read_bytes().splitlines()
read = formats.readers(handler.fields(model))[formats.JSON]
def answered(body):
    return formats.write(handler.answer(model, handler.read(model, formats.instances(read, body))), formats.JSON)
for body in bodies: answered(body)
begin, count = time.process_time(), 0
while time.process_time() - begin < 1:
    for body in bodies: answered(body)
    count += len(bodies)
print((time.process_time() - begin) / count * 1000)
"""


class Problem:
    """A generated project with a trained model; `folder` also holds the model and the bodies for the others."""

    def __init__(self, folder: Path, counts: set[int]) -> None:
        self.folder = folder
        self.project = scaffold.create({"project_name": "Bench", "owner_email": "a@example.com"}, folder)
        self._simplify()
        self.python = environment(self.project)
        for module in ("inference.build", "training.train"):
            self.run("-m", module)
        self.planned, self.whole = self.project / ".mlops/ml", folder / "whole"
        self.run("-c", EXPORT, self.planned / "model", folder / "model.joblib")
        shutil.copytree(self.planned, self.whole)
        self.run("-c", LOWER, self.whole / "model")
        self._write_settings()
        self._write_bodies(counts)

    def run(self, *arguments: Any) -> str:
        command = [self.python, *arguments]
        environ = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=self.project, check=True, stdout=subprocess.PIPE, text=True, env=environ)
        return done.stdout

    def in_process(self) -> float:
        """CPU milliseconds of one request without HTTP, compiled: from the body to the bytes of the answer."""
        self.run("-m", "inference.build")
        return float(self.run("-c", IN_PROCESS, self.planned / "model", self.bodies("instances", 1)))

    def bodies(self, kind: str, rows: int) -> Path:
        """The file of bodies, one a line."""
        return self.folder / f"{kind}-{rows}"

    def _simplify(self) -> None:
        """Rivals hand a request to the pipeline as it is, so the dates that our code takes apart are left out."""
        path = self.project / "project.toml"
        document: Any = tomlkit.parse(path.read_text())
        document["columns"] = [column for column in document["columns"] if column["type"] != "date"]
        document["model"]["hyperparameters"] |= {"max_iter": 200, "early_stopping": False}
        path.write_text(tomlkit.dumps(document))

    def _write_settings(self) -> None:
        """MLServer's are a file."""
        settings = {
            "name": "bench",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": str(self.folder / "model.joblib")},
        }
        (self.folder / "mlserver").mkdir()
        (self.folder / "mlserver/model-settings.json").write_text(json.dumps(settings))

    def _write_bodies(self, counts: set[int]) -> None:
        names = [column["name"] for column in tomllib.loads((self.project / "project.toml").read_text())["columns"][1:]]
        header, *lines = (self.project / "data/sample.csv").read_text().splitlines()
        cells = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
        rows = [{name: _value(name, line[name]) for name in names} for line in cells]
        for count in counts:
            parts = [[rows[(n * count + k) % len(rows)] for k in range(count)] for n in range(DIFFERENT)]
            for kind, body in BODIES.items():
                self.bodies(kind, count).write_text("\n".join(json.dumps(body(part)) for part in parts))


def _value(name: str, text: str) -> Any:
    if name in ("department", "city"):
        return text or None
    return text == "yes" if name == "manager" else float(text) if text else None


def _instances(rows: list[dict[str, Any]]) -> Any:
    return {"instances": rows}


def _split(rows: list[dict[str, Any]]) -> Any:
    return {"dataframe_split": {"columns": [*rows[0]], "data": [[*row.values()] for row in rows]}}


def _inputs(rows: list[dict[str, Any]]) -> Any:
    """Of the V2 protocol, which has tensors in place of rows."""
    inputs = [_tensor(name, [row[name] for row in rows]) for name in rows[0]]
    return {"parameters": {"content_type": "pd"}, "inputs": inputs}


def _tensor(name: str, values: list[Any]) -> dict[str, Any]:
    found = {"name": name, "shape": [len(values), 1], "data": values}
    if name in ("department", "city"):
        return found | {"datatype": "BYTES", "parameters": {"content_type": "str"}}
    return found | {"datatype": "BOOL" if name == "manager" else "FP64"}


BODIES = {"instances": _instances, "dataframe_split": _split, "v2": _inputs}
