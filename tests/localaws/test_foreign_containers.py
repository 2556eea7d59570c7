"""Other people's images, which keep SageMaker's contract and know nothing of the embedded AWS, train and serve."""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cookiecutter_mlops.localaws.sagemaker import inside
from tests.localaws.bundles import build_image, new_bucket
from tests.localaws.conftest import Aws
from tests.localaws.endpoints import ROLE, invoke, new_endpoint, settled
from tests.localaws.test_sagemaker_training import request, run

pytestmark = pytest.mark.skipif(bool(inside.problem()), reason=f"no namespaces: {inside.problem()}")
FOREIGN = Path(__file__).with_name("foreign")


@pytest.fixture(scope="module")
def script(aws: Aws) -> str:
    return build_image(aws, FOREIGN / "script")


@pytest.fixture(scope="module")
def toolkit(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> str:
    context = shutil.copytree(FOREIGN / "toolkit", tmp_path_factory.mktemp("toolkit") / "context")
    with zipfile.ZipFile(context / "tinykit-1.0-py3-none-any.whl", "w") as wheel:
        wheel.write(FOREIGN / "tinykit.py", "tinykit.py")
        about = "tinykit-1.0.dist-info"
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tinykit\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", f"tinykit.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    return build_image(aws, context)


def trained(aws: Aws, image: str, **settings: str) -> dict[str, Any]:
    bucket = new_bucket(aws, **{"data/a.csv": "1\n2\n", "data/b.csv": "3\n"})
    wanted = request(aws, bucket, HyperParameters=settings)
    wanted["AlgorithmSpecification"] |= {
        "TrainingImage": image,
        "MetricDefinitions": [{"Name": "rows", "Regex": "rows=(.*)"}],
    }
    return run(aws, wanted)


def config_of(
    aws: Aws, image: str, job: dict[str, Any], environment: dict[str, str] | None = None, **model: Any
) -> str:
    sagemaker, name = aws.client("sagemaker"), job["TrainingJobName"]
    container: dict[str, Any] = {"Image": image, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    container["Environment"] = environment or {}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container, **model)
    variant = {"VariantName": "one", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return name


def test_shell_program_on_the_path_trains_and_serves_on_8080(aws: Aws, script: str) -> None:
    job = trained(aws, script)
    assert job["TrainingJobStatus"] == "Completed", job
    assert [metric["Value"] for metric in job["FinalMetricDataList"]] == [2]
    name = new_endpoint(aws, config_of(aws, script, job))
    assert settled(aws, name)["EndpointStatus"] == "InService"
    answer = invoke(aws, name)
    assert (answer["model"], answer["bytes"], answer["folder"]) == ("model of 3 lines", 5, "/opt/program")
    assert answer["aws"] < 500  # it reaches the embedded AWS
    again = config_of(aws, script, trained(aws, script))  # an update runs two of them at once
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=again)
    updated = settled(aws, name)
    assert (updated["EndpointConfigName"], updated["EndpointStatus"]) == (again, "InService")
    assert invoke(aws, name)["model"] == "model of 3 lines"
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_what_a_program_wrote_to_failure_is_the_reason(aws: Aws, script: str) -> None:
    job = trained(aws, script, broken="yes")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: Exception during training: broken on purpose, exit code: 255"


def test_isolated_model_reaches_nobody(aws: Aws, script: str) -> None:
    config = config_of(aws, script, trained(aws, script), {"AWS_ENDPOINT_URL": aws.url}, EnableNetworkIsolation=True)
    name = new_endpoint(aws, config)
    assert settled(aws, name)["EndpointStatus"] == "InService"
    assert "refused" in invoke(aws, name)["aws"]
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_toolkit_from_a_wheel_makes_its_own_variables(aws: Aws, toolkit: str) -> None:
    job = trained(aws, toolkit, rate="0.1", layers="2")
    assert job["TrainingJobStatus"] == "Completed", job
    name = new_endpoint(aws, config_of(aws, toolkit, job))
    assert settled(aws, name)["EndpointStatus"] == "InService"
    assert invoke(aws, name) == {"rows": 3, "rate": 0.1, "layers": 2, "hosts": ["algo-1"]}
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_error_of_the_users_program_is_the_toolkits_reason(aws: Aws, toolkit: str) -> None:
    job = trained(aws, toolkit, rate="2")
    assert "ExecuteUserScriptError: ValueError: rate must be at most 1, got 2.0" in job["FailureReason"]
