"""The notebook's last two steps with the real SageMaker SDK: ask the endpoint, train remotely."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cookiecutter_mlops import environments


def notebook_environment(project: Path) -> Path:
    """The SDK brings a gigabyte of its own versions, so it gets an environment of its own, made once."""
    requirements = [project / "requirements" / name for name in ("notebook.txt", "model.txt")]
    key = hashlib.sha256(b"".join(path.read_bytes() for path in requirements)).hexdigest()[:16]
    folder = environments.root() / f"notebook-{key}"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", "-r", requirements[0]], check=True)
        (folder / "complete").touch()
    return folder / "bin"


@pytest.mark.slow
@pytest.mark.xdist_group("released")
def test_notebook_trains_remotely_and_asks_the_endpoint(released, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(released.path, project, ignore=shutil.ignore_patterns(".mlops", ".git"))
    command = [notebook_environment(project) / "jupyter", "execute", "--inplace", "notebooks/explore.ipynb"]
    # The SDK asks iam:SimulatePrincipalPolicy about the role first, which a job does not need.
    switches = {"REMOTE_TRAINING": "1", "ENDPOINT": "salary-prediction-prod", "SAGEMAKER_VALIDATE_ROLE": "false"}
    subprocess.run(command, cwd=project, env=released.environment | switches, check=True, timeout=1200)
    cells = json.loads((project / "notebooks" / "explore.ipynb").read_text())["cells"]
    printed = "".join("".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", []))
    assert '{"predictions":[' in printed
    assert "Completed" in printed.splitlines()
    jobs = released.client("sagemaker").list_training_jobs(NameContains="salary-prediction-notebook")
    assert {job["TrainingJobStatus"] for job in jobs["TrainingJobSummaries"]} == {"Completed"}
