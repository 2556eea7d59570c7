"""The released project after its embedded AWS went down and came up again, on the project that the other tests use."""

import pytest

from tests.loop.test_loop import WORKER

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("released")]


def test_project_goes_on_after_down_and_up(released):
    question = {"instances": [WORKER]}
    answer, packages = released.invoke_endpoint(question), released.packages()
    bucket = released.outputs["data_bucket"]
    objects = released.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    released.mlops("local", "down")
    released.up("--iam", "on")
    assert released.invoke_endpoint(question)["predictions"] == answer["predictions"]
    assert "No changes" in released.mlops("plan").stdout
    assert released.packages() == packages
    assert released.client("s3").list_objects_v2(Bucket=bucket)["Contents"] == objects
    assert released.release() == "Succeeded"  # roles, builds and pipelines work as before
