"""The account's baseline and the state in its bucket, on the project that the other tests of this folder use too."""

import json

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("released")]


def test_state_moves_into_the_bucket_that_the_account_has_once(released):
    refused = released.mlops("state", "move", ok=False)
    assert refused.returncode == 1 and "make it once: mlops account apply" in refused.stderr

    released.mlops("account", "apply")
    assert "No changes" in released.mlops("account", "apply").stdout
    released.mlops("state", "move")
    assert "already" in released.mlops("state", "move").stdout

    bucket = f"mlops-state-123456789012-{released.environment['AWS_REGION']}"
    stored = released.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    slug = released.outputs["train_pipeline"].removesuffix("-train")
    assert [item["Key"] for item in stored] == ["account/terraform.tfstate", f"projects/{slug}/terraform.tfstate"]
    assert "No changes" in released.mlops("plan").stdout
    override = released.path / ".mlops/local/terraform/terraform/backend_override.tf.json"
    assert json.loads(override.read_text())["terraform"]["backend"]["s3"]["bucket"] == bucket
    assert not (released.path / "terraform" / "backend.tf.json").exists()
