"""Where Terraform's state is kept."""

import pytest
from fake_aws import AwsError, FakeAws

from pipelines import project, state
from pipelines.project import PipelineError


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    monkeypatch.setattr(project, "variables", lambda: {"project_slug": "wages", "region": "eu-west-1"})


def test_state_of_a_project_has_a_key_of_its_own_and_is_locked(aws: FakeAws):
    aws.on(GetCallerIdentity={"Account": "123456789012"}, HeadBucket={})
    assert state.backend("projects/wages") == {
        "terraform": {
            "backend": {
                "s3": {
                    "bucket": "mlops-state-123456789012-eu-west-1",
                    "key": "projects/wages/terraform.tfstate",
                    "region": "eu-west-1",
                    "use_lockfile": True,
                }
            }
        }
    }


def test_account_without_a_state_bucket_is_told_how_to_make_it(aws: FakeAws):
    aws.on(GetCallerIdentity={"Account": "123456789012"}, HeadBucket=AwsError("404", status=404))
    with pytest.raises(PipelineError, match="no bucket for Terraform's states yet; make it once: mlops account apply"):
        state.backend("account")
