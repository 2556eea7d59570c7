"""The released project after its embedded AWS went down and came up again, on the project that the other tests use."""

import pytest

from tests.loop.test_loop import WORKER

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("released")]


def test_project_goes_on_after_down_and_up(released):
    question = {"instances": [WORKER]}
    answer, packages, objects = released.invoke_endpoint(question), registered(released), snapshots(released)
    released.mlops("local", "down")
    released.up("--iam", "on")
    assert released.invoke_endpoint(question)["predictions"] == answer["predictions"]
    assert "No changes" in released.mlops("plan").stdout
    assert (registered(released), snapshots(released)) == (packages, objects)
    assert released.release() == "Succeeded"  # roles, builds and pipelines work as before


def registered(project):
    members = ("ModelPackageArn", "ModelApprovalStatus", "CustomerMetadataProperties")
    return [{name: package[name] for name in members} for package in project.packages()]


def snapshots(project):
    listed = project.client("s3").list_objects_v2(Bucket=project.outputs["data_bucket"], Prefix="snapshots/")
    return {item["Key"]: item["ETag"] for item in listed["Contents"]}
