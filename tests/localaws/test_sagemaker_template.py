"""The project that we generate, unchanged: on several isolated instances, and in a tuning job."""

import hashlib
import json
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
METRIC = [{"Name": "metric", "Regex": r"metric=([0-9.]+)"}]
HOSTS = ("algo-1", "algo-2")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scaffold.create({"project_name": "Salary Prediction"}, tmp_path_factory.mktemp("template"))


def training(aws: Aws, project: Path) -> dict[str, Any]:
    """Return image, metric and data of a job of the project."""
    digest = hashlib.sha256(str(project).encode()).hexdigest()
    entrypoint = ["python", "-m", "training.contract"]
    image = push_folder(aws, project, digest, entrypoint, str(environment(project)))
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


def test_project_trains_on_two_isolated_instances(aws: Aws, project: Path) -> None:
    wanted = on(aws, new_bucket(aws), 2, EnableNetworkIsolation=True, **training(aws, project))
    job = run(aws, wanted)
    assert job["TrainingJobStatus"] == "Completed", job
    artifacts = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert {"manifest.json", "model.skops"} <= unpacked(aws, artifacts).keys()
    evaluation = json.loads(unpacked(aws, artifacts.replace("model.tar", "output.tar"))["evaluation.json"])
    assert evaluation["value"] < 0.9 * evaluation["baseline"]  # mean absolute error, of the model and of a trivial one
    said = [next(line for line in lines(aws, job["TrainingJobName"], host) if "metric=" in line) for host in HOSTS]
    assert said[0] == said[1]  # both had the same data, and train the same model


def test_project_is_tuned(aws: Aws, project: Path) -> None:
    rates = {"CategoricalParameterRanges": [{"Name": "learning_rate", "Values": ["0.001", "0.1"]}]}
    objective = {"Type": "Minimize", "MetricName": "metric"}
    wanted = tuning_request(aws, "Grid", None, 2, ParameterRanges=rates, HyperParameterTuningJobObjective=objective)
    wanted["TrainingJobDefinition"] |= training(aws, project) | {"StaticHyperParameters": {}}
    job = tune(aws, wanted)
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert tuned(aws, job) == [{"learning_rate": "0.001"}, {"learning_rate": "0.1"}]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"learning_rate": "0.1"}
