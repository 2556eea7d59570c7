"""Destroying is repeatable, takes only what is the project's own, and is all or nothing where data is concerned."""

import io
import json

import pytest
from fake_aws import AwsError, FakeAws, parameters
from specs import GROUP_ARN, package, registry

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


GONE = {
    "GetParameter": parameters({}),
    "ListPipelineExecutions": AwsError("PipelineNotFoundException"),
    **{f"List{kind}s": {f"{kind}Summaries": []} for kind in destroy.JOBS},
    "DescribeScalableTargets": {"ScalableTargets": []},
    "DescribeEndpoint": AwsError("ValidationException", 'Could not find endpoint "wages-prod".'),
    "ListEndpointConfigs": {"EndpointConfigs": []},
    "ListModels": {"Models": []},
    "ListModelPackages": AwsError("ValidationException", "ModelPackageGroup wages does not exist."),
    "ListImages": AwsError("RepositoryNotFoundException"),
    "DeleteParameters": {"DeletedParameters": []},
}


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "variables", lambda: {"stages": ["prod"], "force_destroy": True})


def test_destroy_of_nothing_ends_well(aws: FakeAws, stages: None):
    aws.on(**GONE)
    destroy.destroy("wages")
    assert {name for name in aws.order() if name.startswith(("Delete", "Stop"))} <= {"DeleteParameters"}


def test_destroy_removes_in_order_and_only_its_own(aws: FakeAws, stages: None):
    aws.on(**GONE, DeleteEndpointConfig={}, DeleteModel={}, DeleteModelPackage={})
    names = ("wages-prod-v1-20260102030405", "wages-prod-v1-prod-v1-20260102030405")
    aws.on(ListEndpointConfigs={"EndpointConfigs": [{"EndpointConfigName": name} for name in names]})
    aws.on(**registry(package(1)))
    destroy.destroy("wages")
    assert [request["ModelName"] for request in aws.called("DeleteModel")] == [names[0]]
    assert [request["ModelPackageName"] for request in aws.called("DeleteModelPackage")] == [f"{GROUP_ARN}/1"]
    assert aws.order().index("DeleteEndpointConfig") < aws.order().index("DeleteModel")


@pytest.mark.parametrize("kind", destroy.JOBS)
def test_destroy_stops_jobs_of_every_kind_that_bear_the_tag_of_the_project(aws: FakeAws, stages: None, kind):
    owners = {f"wages-{number}": slug for number, slug in enumerate(("wages", "wages-eu", ""))}
    summaries = [{f"{kind}Name": name, f"{kind}Arn": name} for name in owners]
    aws.on(**GONE | {f"List{kind}s": {f"{kind}Summaries": summaries}, f"Stop{kind}": {}})
    aws.on(ListTags=lambda request: {"Tags": [{"Key": "project", "Value": owners[request["ResourceArn"]]}]})
    destroy.destroy("wages")
    assert aws.called(f"Stop{kind}") == [{f"{kind}Name": "wages-0"}]
    assert {request["NameContains"] for request in aws.called(f"List{kind}s")} == {"wages"}


def test_destroy_pauses_training_before_it_ends_a_run(aws: FakeAws, stages: None):
    paused = {"decision": "pause", "reason": "Training is paused by destroy."}
    aws.on(**GONE, Invoke=lambda request: {"Payload": io.BytesIO(json.dumps(paused).encode())})
    aws.on(GetParameter=parameters({"/wages/retraining": {"function": "wages-retrain"}}))
    destroy.destroy("wages")
    (request,) = aws.called("Invoke")
    assert json.loads(request["Payload"])["action"] == "pause"
    assert aws.order().index("Invoke") < aws.order().index("ListPipelineExecutions")


def test_destroy_does_not_hide_a_refusal(aws: FakeAws, stages: None):
    aws.on(**GONE | {"ListImages": AwsError("AccessDeniedException", "not allowed")})
    with pytest.raises(Exception, match="not allowed"):
        destroy.destroy("wages")
