"""Which model package a release takes: the newest that was approved, one that was asked for, or none."""

from typing import Any

import pytest
from fake_aws import FakeAws, parameters
from fake_endpoint import Endpoint, live, release
from specs import GROUP_ARN, endpoint_spec, package, registry

from pipelines import deploy, packages
from pipelines.project import PipelineError


def test_no_package_is_nothing_to_release(aws: FakeAws):
    aws.on(**registry(package(3, "PendingManualApproval"), package(2, "Rejected")))
    assert release(aws) is None


def test_newest_that_is_live_is_not_released_again(aws: FakeAws):
    aws.on(**registry(package(3)))
    Endpoint(aws, "InService")
    release(aws, now=live(3, endpoint_spec()))
    assert aws.called("UpdateEndpoint") == []


def test_newest_that_is_older_than_live_is_not_released(aws: FakeAws):
    aws.on(**registry(package(4, "Rejected"), package(3)))
    Endpoint(aws, "InService")
    assert release(aws, now=live(4, endpoint_spec())) is None


def test_older_package_is_released_when_it_is_asked_for(aws: FakeAws):
    aws.on(**registry(package(4), package(3)))
    there = Endpoint(aws, "InService")
    release(aws, "3", now=live(4, endpoint_spec()))
    assert there.config.startswith("wages-prod-v3-")


def test_live_package_is_released_again_when_the_spec_changed(aws: FakeAws):
    aws.on(**registry(package(3)))
    Endpoint(aws, "InService")
    release(aws, now=live(3, endpoint_spec()), instance_count=2)
    (made,) = aws.called("CreateEndpointConfig")
    assert made["ProductionVariants"][0]["InitialInstanceCount"] == 2


def test_live_package_is_released_again_when_its_endpoint_is_gone(aws: FakeAws):
    aws.on(**registry(package(3)))
    Endpoint(aws, None)
    release(aws, now=live(3, endpoint_spec()))
    assert len(aws.called("CreateEndpoint")) == 1


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (package(3, "Rejected"), "Rejected, not Approved"),
        (package(3, "PendingManualApproval"), "PendingManualApproval, not Approved"),
        (package(3, verdict="rejected"), "did not pass the gate"),
        (package(3, sample="true"), "synthetic sample"),
    ],
    ids=["rejected", "pending", "approved-past-the-gate", "sample"],
)
def test_unfit_package_is_refused_by_its_arn(aws: FakeAws, candidate: dict[str, Any], reason: str):
    aws.on(**registry(candidate))
    Endpoint(aws, "InService")
    with pytest.raises(PipelineError, match=reason):
        release(aws, candidate["ModelPackageArn"])
    assert aws.called("CreateModel") == []


def test_sample_package_is_good_enough_for_staging_only():
    facts = {"sample": "true", "verdict": "passed"}
    sample = packages.Package(f"{GROUP_ARN}/3", 3, "Approved", "", "image", "s3://m", facts)
    packages.refuse_unreleasable(sample, "wages", production=False)
    with pytest.raises(PipelineError, match="sample"):
        packages.refuse_unreleasable(sample, "wages", production=True)


def test_package_of_another_project_is_refused(aws: FakeAws):
    other = package(3) | {"ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/other/3"}
    aws.on(**registry(other))
    with pytest.raises(PipelineError, match="not a package of this project"):
        release(aws, other["ModelPackageArn"])


def test_later_stage_gets_the_package_until_every_stage_has_it(aws: FakeAws):
    candidate = packages.Package(f"{GROUP_ARN}/3", 3, "Approved", "", "image", "s3://m", {})
    spec = endpoint_spec()
    aws.on(GetParameter=parameters({"/wages/staging/live": live(3, spec), "/wages/prod/live": live(2, spec)}))
    assert deploy.for_later_stages(candidate, ["staging", "prod"])["MODEL_PACKAGE_ARN"] == f"{GROUP_ARN}/3"
    aws.on(GetParameter=parameters({"/wages/staging/live": live(3, spec), "/wages/prod/live": live(3, spec)}))
    assert deploy.for_later_stages(candidate, ["staging", "prod"])["MODEL_PACKAGE_ARN"] == "none"
    assert deploy.for_later_stages(None, ["staging", "prod"])["MODEL_PACKAGE_ARN"] == "none"
