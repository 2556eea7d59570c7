"""The use case llm-summarization in a generated project: its sample, its own tests, its figures on real dialogues."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment

from . import dialogues_sample

REPOSITORY = Path(__file__).resolve().parents[2]
REAL_DATA = Path(os.environ.get("MLOPS_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
DIALOGUES = REAL_DATA / "dialogues/dialogsum.dev.jsonl"
LOSS = re.compile(r"'loss': '([0-9.]+)'")
# 500 dialogues of about 300 tokens: a minute or two of a CPU.
REAL = {"context = 512": "context = 1024", "epochs = 4": "epochs = 2", "minimum_rows = 100": "minimum_rows = 400"}
heavy = pytest.mark.skipif(
    "MLOPS_LANGUAGE_MODELS" not in os.environ,
    reason="installs torch and more, 2 GB; set MLOPS_LANGUAGE_MODELS=1 for it",
)

FIT = """
import sys; sys.path[:0] = [".", "tests"]
from dialogues import settings_for, table
from safetensors.torch import save_file
from training import model
fitted = model.fit(table(), settings_for(dropout=0.0, batch_size=int(sys.argv[1])))
weights = {name: value.clone() for name, value in fitted.summarizer.network.state_dict().items()}
save_file(weights, sys.argv[2])
"""
LARGEST_DIFFERENCE = """
import sys
from safetensors.torch import load_file
one, other = map(load_file, sys.argv[1:])
print(max((one[name] - other[name]).abs().max().item() for name in one))
"""


def test_sample_is_what_its_generator_makes():
    assert dialogues_sample.SAMPLE.read_text() == dialogues_sample.text()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    given = {"project_name": "Call Notes", "use_case": "llm-summarization"}
    return scaffold.create(given, tmp_path_factory.mktemp("dialogues"))


def run(project: Path, *arguments: object, **variables: object) -> subprocess.CompletedProcess[str]:
    return start(project, *arguments, **variables).finish()


class Running(subprocess.Popen):
    def finish(self) -> subprocess.CompletedProcess[str]:
        told, _ = self.communicate()
        assert self.returncode == 0, told[-4000:]
        return subprocess.CompletedProcess(self.args, self.returncode, told)


def start(project: Path, *arguments: object, **variables: object) -> Running:
    command = [str(environment(project)), *map(str, arguments)]
    given = os.environ | {"OMP_NUM_THREADS": "1"} | {name: str(value) for name, value in variables.items()}
    return Running(command, cwd=project, env=given, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@heavy
@pytest.mark.slow
def test_project_passes_its_own_tests(project):
    assert re.search(r"^\d+ passed", run(project, "-m", "pytest", "-q").stdout, re.MULTILINE)


@heavy
@pytest.mark.slow
@pytest.mark.skipif(not DIALOGUES.exists(), reason=f"real data: {DIALOGUES} is not there")
def test_real_dialogues_are_learned(project):
    settings = project / "project.toml"
    before = text = settings.read_text()
    for old, new in REAL.items():
        assert old in text
        text = text.replace(old, new)
    settings.write_text(text)
    told = run(project, "-m", "training.train", DIALOGUES).stdout
    settings.write_text(before)
    losses = [float(loss) for loss in LOSS.findall(told)]
    assert losses[-1] < 0.8 * losses[0]
    evaluation = json.loads((project / ".mlops/ml/output/data/evaluation.json").read_text())
    assert sum(evaluation["rows"].values()) == 500
    metrics, trivial = evaluation["metrics"], evaluation["baseline_metrics"]
    print({name: round(value, 4) for name, value in metrics.items()}, trivial)
    for name in ("rouge1", "rouge2", "rougeL"):
        assert metrics[name] > metrics[f"base_{name}"]
        assert 0 < trivial[name] < 1


@heavy
@pytest.mark.slow
def test_two_machines_learn_what_one_does(project, tmp_path):
    """Two hosts average the gradients of four examples each over gloo: one machine takes all, or two processes."""
    machines = []
    for host in ("127.0.0.1", "localhost"):
        base = tmp_path / host
        (base / "input/config").mkdir(parents=True)
        told = {"current_host": host, "hosts": ["127.0.0.1", "localhost"], "network_interface_name": "lo"}
        (base / "input/config/resourceconfig.json").write_text(json.dumps(told))
        machines.append(start(project, "-c", FIT, 4, tmp_path / f"{host}.safetensors", SM_BASE_DIR=base))
    for machine in machines:
        machine.finish()
    run(project, "-c", FIT, 8, tmp_path / "alone.safetensors", SM_BASE_DIR=tmp_path)
    run(project, "-c", FIT, 4, tmp_path / "half.safetensors", SM_BASE_DIR=tmp_path)
    run(project, "-c", FIT, 4, tmp_path / "processes.safetensors", SM_BASE_DIR=tmp_path, MLOPS_PROCESSES=2)
    first, *others = (tmp_path / f"{n}.safetensors" for n in ("127.0.0.1", "localhost", "alone", "processes", "half"))
    differences = [float(run(project, "-c", LARGEST_DIFFERENCE, first, one).stdout) for one in others]
    assert differences[0] == 0
    assert max(differences[:3]) < 1e-4 < differences[3]
