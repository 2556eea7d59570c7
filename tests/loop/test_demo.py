"""`mlops demo` on a person's own spreadsheet."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def processes_below(folder: Path) -> list[str]:
    """Return the command lines of the running processes that name a folder or work in it."""
    listing = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
    return [line for line in listing.splitlines() if str(folder) in line and "ps -eo" not in line]


@pytest.mark.slow
def test_demo_on_a_spreadsheet_writes_its_facts_and_leaves_no_process(salaries, tmp_path):
    command = [sys.executable, "-m", "cookiecutter_mlops", "demo", "--data", str(salaries), "--target", "wage"]
    command += ["--folder", str(tmp_path / "demo"), "--json", str(tmp_path / "facts.json")]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert [stage["stage"] for stage in facts["stages"] if stage["status"] == "Succeeded"] == [
        "Source",
        "Check",
        "Package",
        "Train",
        "Source",
        "Deploy-prod",
        "Verify-prod",
    ]
    assert float(facts["model"]["value"]) <= 228 < float(facts["model"]["baseline"])
    through_lambda, directly = (step["answer"] for step in facts["steps"][-2:])
    assert through_lambda.pop("inference_id")  # by which ground truth refers to it
    assert through_lambda == directly
    assert "The loop is closed" in shown
    assert processes_below(tmp_path) == []


def test_demo_without_a_target_says_what_is_missing(tmp_path):
    command = [sys.executable, "-m", "cookiecutter_mlops", "demo", "--data", "workers.xlsx"]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "--data and --target belong together" in refused.stderr


def test_demo_without_terraform_says_what_to_install(tmp_path):
    command = [sys.executable, "-m", "cookiecutter_mlops", "demo"]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PATH": str(tmp_path)})
    assert refused.returncode != 0
    assert "install Terraform" in refused.stderr
    assert list(tmp_path.iterdir()) == []
