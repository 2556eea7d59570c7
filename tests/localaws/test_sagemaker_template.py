"""The project that we generate: on several isolated instances that share its data, and in a tuning job."""

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
from tests.localaws.conftest import Aws
from tests.localaws.test_sagemaker_cluster import lines, on
from tests.localaws.test_sagemaker_training import run, unpacked
from tests.localaws.test_sagemaker_tuning import request as tuning_request
from tests.localaws.test_sagemaker_tuning import run as tune
from tests.localaws.test_sagemaker_tuning import tuned

pytestmark = pytest.mark.slow
SECONDS = 300
ENTRYPOINT = ["python", "-m", "training.contract"]
METRIC = [{"Name": "metric", "Regex": r"metric=([0-9.]+)"}]
HOSTS = ("algo-1", "algo-2")
PYTORCH = os.environ.get("MLOPS_PYTORCH", "")
MODELS = [
    "linear",
    pytest.param(
        "pytorch",
        marks=pytest.mark.skipif(not PYTORCH, reason="MLOPS_PYTORCH names no Python that has torch and skorch"),
    ),
]
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


@pytest.mark.parametrize("name", MODELS)
def test_project_learns_on_two_isolated_instances_that_share_a_snapshot(aws: Aws, tmp_path: Path, name: str) -> None:
    project = scaffold.create({"project_name": "Salary Prediction"}, tmp_path)
    settings = project / "project.toml"
    text = settings.read_text().replace('name = "gradient-boosting"', f'name = "{name}"')
    settings.write_text(text.replace("\nlearning_rate = 0.1\n", "\n"))
    digest = hashlib.sha256(str(project).encode()).hexdigest()
    image = push_folder(aws, project, digest, ENTRYPOINT, PYTORCH if name == "pytorch" else str(environment(project)))
    (tmp_path / "snapshot").mkdir()
    changes = {
        "InputDataConfig": shared(aws, project, tmp_path / "snapshot"),
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File", "MetricDefinitions": METRIC},
    }
    limit = {"MaxRuntimeInSeconds": SECONDS}  # PyTorch alone takes a while to be read
    wanted = on(aws, new_bucket(aws), 2, EnableNetworkIsolation=True, StoppingCondition=limit, **changes)
    job = run(aws, wanted, SECONDS)
    assert job["TrainingJobStatus"] == "Completed", job
    said = {host: "\n".join(lines(aws, job["TrainingJobName"], host)) for host in HOSTS}
    files = [int(re.search(rf"{host} has (\d) of the 5 files", said[host])[1]) for host in HOSTS]  # type: ignore[index]
    assert sorted(files) == [2, 3]
    told = [re.search(r"([\d,]+) rows to learn from .* ([\d,]+) of them on", said[host]) for host in HOSTS]
    rows = [[int(count.replace(",", "")) for count in found.groups()] for found in told if found]
    artifacts = job["ModelArtifacts"]["S3ModelArtifacts"]
    evaluation = json.loads(unpacked(aws, artifacts.replace("model.tar", "output.tar"))["evaluation.json"])
    assert evaluation["rows"]["train"] == rows[0][0] == rows[1][0] == rows[0][1] + rows[1][1]
    assert evaluation["data_version"] == "v1"
    assert evaluation["value"] < 0.9 * evaluation["baseline"]  # mean absolute error, of the model and of a trivial one
    assert {"manifest.json", "model.skops"} <= unpacked(aws, artifacts).keys()
    assert ["metric=" in said[host] for host in HOSTS] == [True, False]
    assert "algo-2 has learned its part; algo-1 writes the model" in said["algo-2"]
    assert "Several hosts wrote" not in said["algo-1"]


def test_project_is_tuned(aws: Aws, project: Path) -> None:
    rates = {"CategoricalParameterRanges": [{"Name": "learning_rate", "Values": ["0.001", "0.1"]}]}
    objective = {"Type": "Minimize", "MetricName": "metric"}
    wanted = tuning_request(aws, "Grid", None, 2, ParameterRanges=rates, HyperParameterTuningJobObjective=objective)
    wanted["TrainingJobDefinition"] |= training(aws, project) | {"StaticHyperParameters": {}}
    job = tune(aws, wanted)
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert tuned(aws, job) == [{"learning_rate": "0.001"}, {"learning_rate": "0.1"}]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"learning_rate": "0.1"}
