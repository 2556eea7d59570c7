"""One window of captured requests in a generated project, as its container would monitor it, without any AWS."""

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment

HOUR = "2026-01-02T03"
RUN = {"PROJECT": "salary-prediction", "STAGE": "prod", "MODEL": "1", "START": HOUR, "HOURS": "1", "COMPLETE": "yes"}


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """A function that monitors some instances with the project's own sample as baseline, and returns the results."""
    project = scaffold.create({"project_name": "Salary Prediction"}, tmp_path_factory.mktemp("monitoring"))
    python, made = environment(project), project / ".mlops" / "ml"
    subprocess.run([python, "-m", "training.train"], cwd=project, check=True, capture_output=True)

    def run(base: Path, instances: list[dict]) -> subprocess.CompletedProcess[str]:
        source = base / "processing" / "input"
        for folder in ("baseline", "capture"):
            (source / folder).mkdir(parents=True)
        (source / "baseline" / "baseline.json").write_text((made / "model" / "baseline.json").read_text())
        (source / "baseline" / "evaluation.json").write_text((made / "output/data/evaluation.json").read_text())
        (source / "capture" / "captured.jsonl").write_text("\n".join(map(line, enumerate(instances))))
        told = {f"MONITOR_{key}": value for key, value in RUN.items()} | {
            "MONITOR_SHARE": "1",
            "SM_BASE_DIR": str(base),
        }
        command = [python, "-m", "training.contract", "monitor"]
        return subprocess.run(command, cwd=project, env=os.environ | told, capture_output=True, text=True)

    run.rows = rows(project / "data" / "sample.csv")
    return run


def rows(sample: Path) -> list[dict]:
    """The sample as applications send it."""
    with sample.open() as file:
        found = [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    return [{name: value for name, value in row.items() if name != "salary"} for row in found]


def line(numbered: tuple[int, dict]) -> str:
    number, instance = numbered
    messages = {"endpointInput": {"instances": [instance]}, "endpointOutput": {"predictions": [50000.0 + 50 * number]}}
    captured = {name: {"encoding": "JSON", "data": json.dumps(content)} for name, content in messages.items()}
    metadata = {"eventId": str(number), "inferenceTime": f"{HOUR}:30:00Z"}
    return json.dumps({"captureData": captured, "eventMetadata": metadata})


def results(base: Path) -> dict:
    output = base / "processing" / "output"
    assert "<svg" in (output / "report.html").read_text()
    names = ("statistics", "constraint_violations", "metrics")
    return {name: json.loads((output / f"{name}.json").read_text()) for name in names}


def test_requests_like_the_training_data_have_not_drifted(job, tmp_path):
    done = job(tmp_path, job.rows)
    assert done.returncode == 0, done.stderr
    features = {entry["name"]: entry["drift"] for entry in results(tmp_path)["statistics"]["features"]}
    drifted = [name for name, found in features.items() if found["drifted"]]
    assert drifted == ["(prediction)"]  # those above are invented
    assert features["education_years"]["rows"] == len(job.rows)


def test_other_requests_are_named(job, tmp_path):
    changed = [row | {"education_years": "25", "city": "Sevilla"} for row in job.rows]
    assert job(tmp_path, changed).returncode == 0
    found = results(tmp_path)
    broken = {
        (entry["feature_name"], entry["constraint_check_type"])
        for entry in found["constraint_violations"]["violations"]
    }
    assert {("education_years", "baseline_drift_check"), ("city", "categorical_values_check")} <= broken
    drift = {entry["feature"]: entry["value"] for entry in found["metrics"]["metrics"] if "feature" in entry}
    assert drift["city"] > 1 > drift["department"]
