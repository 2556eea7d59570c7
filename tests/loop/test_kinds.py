"""The loop with the other sources and endpoint kinds: a zip in S3, a serverless and an asynchronous endpoint."""

import json

import pytest

from cookiecutter_mlops.loop import LoopProject
from tests.loop import permissions
from tests.loop.conftest import into_one_hour, new_project, wait_for_capture

pytestmark = pytest.mark.slow


@pytest.fixture
def make(tmp_path):
    """A function that makes a project with these answers and settings, and takes it to its first release."""
    projects = []

    def released(*answers: str, **endpoint: object) -> LoopProject:
        project = LoopProject(new_project(tmp_path, *answers))
        projects.append(project)
        file = project.path / "terraform" / "terraform.auto.tfvars.json"
        settings = json.loads(file.read_text())
        settings["endpoint"] |= endpoint
        file.write_text(json.dumps(settings, indent=2) + "\n")
        project.up()
        project.mlops("apply")
        project.mlops("data", "push", str(project.path / "data" / "sample.csv"))
        assert project.train() == "Succeeded", project.logs()
        into_one_hour(project)
        assert project.approve() == "Succeeded", project.logs()
        return project

    yield released
    for project in projects:
        project.down()


def test_zip_in_s3_becomes_a_serverless_endpoint(make):
    project = make("source=s3", "endpoint_kind=serverless")
    request = project.recorded_request()
    assert project.invoke_function(request)["predictions"] == project.invoke_endpoint(request)["predictions"]
    versions = project.client("s3").list_object_versions(
        Bucket=project.outputs["artifacts_bucket"], Prefix="source/salary-prediction.zip"
    )["Versions"]
    commit = project.packages()[0]["CustomerMetadataProperties"]["commit"]
    assert commit in {version["VersionId"] for version in versions}
    described = project.client("sagemaker").describe_endpoint(EndpointName=project.outputs["endpoints"]["prod"])
    assert "CurrentServerlessConfig" in described["ProductionVariants"][0]
    # SageMaker captures nothing of a serverless endpoint; the function does, and monitoring finds it. What is broken is
    # the rule on errors: one request of a few is the bad one with which Verify tries the endpoint's manners.
    shown = project.mlops("monitor", "--no-open", ok=False).stdout
    assert "Too few requests to judge drift. 1 other rule is broken." in shown


def test_asynchronous_endpoint_writes_its_answer_to_s3(make):
    scaling = {"min_capacity": 0, "max_capacity": 2, "invocations_per_instance": 5}
    project = make("endpoint_kind=asynchronous", autoscaling=scaling)
    request = {"instances": project.recorded_request()["instances"] * 2}
    answer = project.invoke_function(request)
    first, second = project.wait_for_object(answer["output_location"])["predictions"]
    assert first == second > 0
    captured = json.loads(wait_for_capture(project))["captureData"]
    assert json.loads(captured["endpointInput"]["data"]) == request
    assert json.loads(captured["endpointOutput"]["data"]) == {"predictions": [first, second]}
    permissions.check(project, "asynchronous")
