"""Destroying is all or nothing where data is concerned."""

import pytest
from fake_aws import FakeAws

from pipelines import destroy, project
from pipelines.project import PipelineError

BUCKET = "wages-data-123456789012-eu-west-1"


def buckets(aws: FakeAws, count: int) -> None:
    aws.on(ListBuckets={"Buckets": [{"Name": BUCKET}, {"Name": "wages-data-of-another-team"}]})
    aws.on(ListObjectsV2={"KeyCount": count})


def test_full_bucket_without_force_destroy_stops_before_anything_is_removed(aws: FakeAws, monkeypatch):
    monkeypatch.setattr(project, "variables", lambda: {"force_destroy": False, "stages": ["prod"]})
    buckets(aws, 1)
    with pytest.raises(PipelineError, match=f"force_destroy: is false and {BUCKET} hold data"):
        destroy.destroy("wages")
    assert set(aws.order()) == {"ListBuckets", "ListObjectsV2"}


@pytest.mark.parametrize(("force", "count"), [(True, 1), (False, 0)])
def test_empty_bucket_or_force_destroy_lets_it_go_on(aws: FakeAws, monkeypatch, force, count):
    monkeypatch.setattr(project, "variables", lambda: {"force_destroy": force, "stages": ["prod"]})
    buckets(aws, count)
    destroy.refuse_full_buckets("wages")
    assert "DeleteBucket" not in aws.order()
