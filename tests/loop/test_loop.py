"""The whole loop on real salaries: what a person would look at after the first release."""

import sys

import pytest

from cookiecutter_mlops.localaws import process

pytestmark = pytest.mark.xdist_group("released")  # one worker, one project

WORKER = {
    "education": 16,
    "experience": 10,
    "ethnicity": "cauc",
    "smsa": "yes",
    "region": "midwest",
    "parttime": "no",
}


def test_registered_package_records_metric_baseline_and_data_version(released):
    package = released.packages()[-1]
    facts = package["CustomerMetadataProperties"]
    assert package["ModelApprovalStatus"] == "Approved"
    assert float(facts["value"]) <= 228  # mean absolute error, dollars a week; a plain gradient boosting gives 224
    assert float(facts["baseline"]) > 290  # predicting one number for everybody gives about 306
    assert facts["commit"] in released.run("git", "log", "--format=%H").stdout
    snapshots = released.client("s3").list_objects_v2(Bucket=released.outputs["data_bucket"], Prefix="snapshots/")
    assert any(facts["data_version"] in o["Key"] for o in snapshots["Contents"])


def test_endpoint_invoked_through_the_runtime_predicts_a_wage(released):
    (wage,) = released.invoke_endpoint({"instances": [WORKER]})["predictions"]
    assert 300 < wage < 1500


def test_endpoint_invoked_through_the_lambda_gives_the_same_answer(released):
    answer = released.invoke_function({"instances": [WORKER], "inference_id": "worker-1"})
    assert answer == released.invoke_endpoint({"instances": [WORKER]}) | {"inference_id": "worker-1"}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_embedded_aws_with_the_whole_project_is_under_400_mb(released):
    assert 50 < process.running(released.path / process.HOME).memory_mb < 400


def test_plan_after_a_release_is_empty(released):
    assert "No changes" in released.mlops("plan").stdout


def test_release_without_a_newer_package_ends_green_with_nothing_to_release(released):
    before = released.client("sagemaker").describe_endpoint(EndpointName=released.outputs["endpoints"]["prod"])
    assert released.release() == "Succeeded"
    after = released.client("sagemaker").describe_endpoint(EndpointName=released.outputs["endpoints"]["prod"])
    assert after["EndpointConfigName"] == before["EndpointConfigName"]
    assert "nothing to release" in released.logs()
