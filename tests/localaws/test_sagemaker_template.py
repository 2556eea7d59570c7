"""The project that we generate: on isolated spot instances that share its data, and in a tuning job."""

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.environments import environment
from tests.localaws.bundles import new_bucket, push_folder
from tests.localaws.conftest import AddFault, Aws, wait_for
from tests.localaws.test_sagemaker_cluster import on
from tests.localaws.test_sagemaker_training import ended, printed, unpacked
from tests.localaws.test_sagemaker_tuning import request as tuning_request
from tests.localaws.test_sagemaker_tuning import run as tune
from tests.localaws.test_sagemaker_tuning import tuned

pytestmark = pytest.mark.slow
SECONDS = 300
ENTRYPOINT = ["python", "-m", "training.contract"]
METRIC = [{"Name": "metric", "Regex": r"metric=([0-9.]+)"}]
HOSTS = ("algo-1", "algo-2")
MANY_TREES = {"n_estimators": "300", "learning_rate": "0.05"}
# What each learns with, and the variable that names a Python with its library.
MODELS = {
    "linear": ({}, ""),
    "lightgbm": (MANY_TREES, "MLOPS_BOOSTERS"),
    "xgboost": (MANY_TREES, "MLOPS_BOOSTERS"),
    "pytorch": ({}, "MLOPS_PYTORCH"),
}
# Run by the project's own Python: its sample as a snapshot of five Parquet files, and what its pipeline asks for.
SNAPSHOT = """
import hashlib, json, sys
from pathlib import Path
import polars
from pipelines import job
from pipelines.snapshot import Snapshot
folder, bucket = Path(sys.argv[1]), sys.argv[2]
rows, entries = polars.read_csv("data/sample.csv"), []
for number in range(5):
    path = folder / f"part-{number}.parquet"
    rows.gather_every(5, number).write_parquet(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    entries.append({"name": path.name, "size": path.stat().st_size, "sha256": sha256})
(folder / "manifest.json").write_text(json.dumps({"version": "v1", "files": entries, "sample": False}))
spec = {"input_mode": "FastFile", "data_distribution": "ShardedByS3Key"}
order = job.Order("", "", Snapshot("v1", f"s3://{bucket}/snapshots/v1/", False, files=len(entries)))
print(json.dumps(job.channels(spec, order)))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scaffold.create({"project_name": "Salary Prediction"}, tmp_path_factory.mktemp("template"))


def training(aws: Aws, project: Path) -> dict[str, Any]:
    """Return image, metric and data of a job of the project."""
    digest = hashlib.sha256(str(project).encode()).hexdigest()
    image = push_folder(aws, project, digest, ENTRYPOINT, str(environment(project)))
    bucket = new_bucket(aws, **{"data/sample.csv": (project / "data/sample.csv").read_text()})
    place = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/", "S3DataDistributionType": "FullyReplicated"}
    return {
        "AlgorithmSpecification": {
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "MetricDefinitions": METRIC,
        },
        "InputDataConfig": [{"ChannelName": "training", "DataSource": {"S3DataSource": place}}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/out/"},
    }


def shared(aws: Aws, project: Path, folder: Path) -> list[dict[str, Any]]:
    """Upload a snapshot of Parquet files; return the channels that the project's pipeline asks for."""
    bucket, s3 = new_bucket(aws), aws.client("s3")
    command = [str(environment(project)), "-c", SNAPSHOT, str(folder), bucket]
    asked = subprocess.run(command, cwd=project, text=True, capture_output=True, check=True).stdout
    for path in folder.iterdir():
        s3.put_object(Bucket=bucket, Key=f"snapshots/v1/{path.name}", Body=path.read_bytes())
    return json.loads(asked)


def chosen(folder: Path, name: str) -> Path:
    """Make a project with another model."""
    project = scaffold.create({"project_name": "Salary Prediction"}, folder)
    settings = project / "project.toml"
    text = settings.read_text().replace('name = "gradient-boosting"', f'name = "{name}"')
    settings.write_text(text.replace("\nlearning_rate = 0.1\n", "\n"))
    return project


def python(project: Path, variable: str) -> str:
    """Return the Python that a variable names, or the project's own."""
    if variable and variable not in os.environ:
        pytest.skip(f"{variable} names no Python that has the library")
    return os.environ[variable] if variable else str(environment(project))


def checkpoints(aws: Aws, name: str, host: str) -> list[Path]:
    """Return what a host of a job has kept so far."""
    folders = (aws.home / "jobs" / f"TrainingJob-{name}" / host).rglob("checkpoints")
    return [path for folder in folders for path in folder.iterdir() if not path.name.startswith(".")]


@pytest.mark.parametrize("name", MODELS)
def test_project_learns_on_two_isolated_spot_instances_that_share_a_snapshot(
    aws: Aws, tmp_path: Path, name: str, fault: AddFault
) -> None:
    hyperparameters, variable = MODELS[name]
    project, bucket = chosen(tmp_path, name), new_bucket(aws)
    digest = hashlib.sha256(str(project).encode()).hexdigest()
    image = push_folder(aws, project, digest, ENTRYPOINT, python(project, variable))
    (tmp_path / "snapshot").mkdir()
    changes = {
        "InputDataConfig": shared(aws, project, tmp_path / "snapshot"),
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File", "MetricDefinitions": METRIC},
        "HyperParameters": hyperparameters,
        "EnableNetworkIsolation": True,
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {"S3Uri": f"s3://{bucket}/checkpoints"},
        "StoppingCondition": {"MaxRuntimeInSeconds": SECONDS, "MaxWaitTimeInSeconds": SECONDS},
    }
    wanted = on(aws, bucket, 2, **changes)
    started = wanted["TrainingJobName"]
    aws.client("sagemaker").create_training_job(**wanted)
    wait_for(lambda: all(checkpoints(aws, started, host) for host in HOSTS) or ended(aws, started), SECONDS)
    fault("spot-interruption", started)
    job = wait_for(lambda: ended(aws, started), SECONDS)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "Interrupted" in [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    said = {host: "\n".join(printed(aws, job["TrainingJobName"], host)) for host in HOSTS}
    assert all("going on from checkpoint" in said[host] for host in HOSTS), said
    artifacts = job["ModelArtifacts"]["S3ModelArtifacts"]
    evaluation = json.loads(unpacked(aws, artifacts.replace("model.tar", "output.tar"))["evaluation.json"])
    assert evaluation["rows"]["train"] == shared_rows(said)
    assert (evaluation["data_version"], evaluation["resumed"]) == ("v1", True)
    assert evaluation["value"] < 0.9 * evaluation["baseline"]  # mean absolute error, of the model and of a trivial one
    assert {"manifest.json", "model.skops"} <= unpacked(aws, artifacts).keys()
    assert ["metric=" in said[host] for host in HOSTS] == [True, False]
    assert "algo-2 has learned its part; algo-1 writes the model" in said["algo-2"]
    assert "Several hosts wrote" not in said["algo-1"]


def shared_rows(said: dict[str, str]) -> int:
    """Return how many rows the hosts learn from, by what both say; each has its part of the files and of the rows."""
    files = [int(re.search(rf"{host} has (\d) of the 5 files", said[host])[1]) for host in HOSTS]  # type: ignore[index]
    assert sorted(files) == [2, 3]
    told = [re.search(r"([\d,]+) rows to learn from .* ([\d,]+) of them on", said[host]) for host in HOSTS]
    (all_rows, first), (again, second) = (
        [int(count.replace(",", "")) for count in found.groups()] for found in told if found
    )
    assert all_rows == again == first + second
    return all_rows


def test_project_is_tuned(aws: Aws, project: Path) -> None:
    rates = {"CategoricalParameterRanges": [{"Name": "learning_rate", "Values": ["0.001", "0.1"]}]}
    objective = {"Type": "Minimize", "MetricName": "metric"}
    wanted = tuning_request(aws, "Grid", None, 2, ParameterRanges=rates, HyperParameterTuningJobObjective=objective)
    wanted["TrainingJobDefinition"] |= training(aws, project) | {"StaticHyperParameters": {}}
    job = tune(aws, wanted)
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert tuned(aws, job) == [{"learning_rate": "0.001"}, {"learning_rate": "0.1"}]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"learning_rate": "0.1"}
