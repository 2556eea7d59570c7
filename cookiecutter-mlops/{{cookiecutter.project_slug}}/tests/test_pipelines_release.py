"""A release ends with exactly the wanted model live, or with the old one live and a sentence that says why."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from fake_aws import AwsError, FakeAws, parameters
from fake_endpoint import FIRST, Endpoint
from specs import ASYNCHRONOUS, GROUP_ARN, SERVERLESS, endpoint_spec, package, registry

from pipelines import autoscaling, deploy, endpoint, packages
from pipelines.project import PipelineError

STAGES = ["prod"]


def live(version: int, spec: dict[str, Any], config: str = FIRST) -> dict[str, Any]:
    arn = f"{GROUP_ARN}/{version}"
    return {"model_package_arn": arn, "version": version, "endpoint_config": config, "spec": deploy.fingerprint(spec)}


def release(aws: FakeAws, wanted: str = "newest", now: dict[str, Any] | None = None, **changes: Any) -> Any:
    aws.on(GetParameter=parameters({"/wages/prod/live": now} if now else {}))
    return deploy.deploy(endpoint_spec(**changes), STAGES, wanted)


@pytest.mark.parametrize(
    ("status", "operations"),
    [
        (None, ["CreateEndpoint"]),
        ("Creating", ["UpdateEndpoint"]),
        ("Updating", ["UpdateEndpoint"]),
        ("InService", ["UpdateEndpoint"]),
        ("Failed", ["DeleteEndpoint", "CreateEndpoint"]),
        ("OutOfService", ["DeleteEndpoint", "CreateEndpoint"]),
        ("UpdateRollbackFailed", ["DeleteEndpoint", "CreateEndpoint"]),
        ("RollingBack", ["UpdateEndpoint"]),
    ],
)
def test_release_from_every_state_of_the_endpoint(aws: FakeAws, status: str | None, operations: list[str]):
    aws.on(**registry(package(3)))
    there = Endpoint(aws, status)
    assert release(aws).version == 3
    changes = [name for name in aws.order() if name in ("CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint")]
    assert changes == operations
    assert there.config.startswith("wages-prod-v3-")
    (written,) = aws.called("PutParameter")
    assert written["Name"] == "/wages/prod/live"
    value = json.loads(written["Value"])
    assert (value["model_package_arn"], value["endpoint_config"]) == (f"{GROUP_ARN}/3", there.config)
    assert value["baseline_s3_uri"] == "s3://wages-models/evaluations/3/baseline.json"
    assert (value["train_image"], value["settings_sha256"]) == ("repository@sha256:7", "5e77")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", "approved, trained for: new data"),
        ("approved", "approved, trained for: new data"),
        ("rolled back", "rolled back"),
    ],
)
def test_release_records_why(aws: FakeAws, monkeypatch: pytest.MonkeyPatch, asked: str, expected: str):
    monkeypatch.setenv("REASON", asked)
    aws.on(**registry(package(3)))
    Endpoint(aws, "InService")
    release(aws)
    assert json.loads(aws.called("PutParameter")[0]["Value"])["reason"] == expected


def test_refused_update_keeps_the_old_model_and_leaves_nothing(aws: FakeAws):
    aws.on(**registry(package(3)))
    there = Endpoint(aws, "InService", healthy=False)
    with pytest.raises(PipelineError, match=r"v1-20260101000000 still answers: The container did not answer /ping"):
        release(aws)
    assert there.made == set()
    assert aws.called("PutParameter") == []


ROUTING = {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60}}
GUARDED = {"deployment": {"policy": ROUTING, "alarms": ["errors", "latency"]}}


def test_release_that_an_alarm_rolled_back_rejects_the_package_and_says_why(aws: FakeAws):
    aws.on(**registry(package(3)))
    there = Endpoint(aws, "InService", healthy=False, alarms=["errors"])
    with pytest.raises(PipelineError, match=r"alarm errors rolled endpoint wages-prod back .* still answers"):
        release(aws, **GUARDED)
    (rejected,) = aws.called("UpdateModelPackage")
    assert (rejected["ModelPackageArn"], rejected["ModelApprovalStatus"]) == (f"{GROUP_ARN}/3", "Rejected")
    assert rejected["ApprovalDescription"].startswith("Rolled back: alarm errors")
    assert (there.config, there.made, aws.called("PutParameter")) == (FIRST, set(), [])


def test_release_that_failed_without_an_alarm_may_be_tried_again(aws: FakeAws):
    aws.on(**registry(package(3)))
    Endpoint(aws, "InService", healthy=False)
    with pytest.raises(PipelineError, match="was not switched"):
        release(aws, **GUARDED)
    assert aws.called("UpdateModelPackage") == []


def test_release_replaces_a_model_that_is_failing_at_once(aws: FakeAws):
    aws.on(**registry(package(3)))
    Endpoint(aws, "InService", alarms=["errors"]).ringing = True
    release(aws, **GUARDED)
    assert "DeploymentConfig" not in aws.called("UpdateEndpoint")[0]


def test_update_that_aws_refuses_leaves_nothing(aws: FakeAws):
    aws.on(**registry(package(3)))
    there = Endpoint(aws, "InService")
    aws.on(UpdateEndpoint=AwsError("ValidationException", "Cannot update endpoint"))
    with pytest.raises(ClientError):
        release(aws)
    assert there.made == set()


def test_failed_first_release_leaves_nothing(aws: FakeAws):
    aws.on(**registry(package(3)))
    there = Endpoint(aws, None, healthy=False)
    with pytest.raises(PipelineError, match=r"did not start .* /ping"):
        release(aws)
    assert (there.status, there.made) == (None, set())


def test_log_of_the_endpoint_is_shown_before_the_reason(aws: FakeAws, capsys: pytest.CaptureFixture[str]):
    aws.on(**registry(package(3)))
    Endpoint(aws, "InService", healthy=False)
    aws.on(DescribeLogStreams={"logStreams": [{"logStreamName": "AllTraffic/i-1"}]})
    aws.on(GetLogEvents={"events": [{"message": "model.skops differs from its sha256"}], "nextForwardToken": "f/1"})
    with pytest.raises(PipelineError):
        release(aws)
    assert "differs from its sha256" in capsys.readouterr().out


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


def test_old_releases_are_deleted_but_three(aws: FakeAws):
    aws.on(**registry(package(9)))
    Endpoint(aws, "InService")
    names = [f"wages-prod-v{version}-20260101000000" for version in (9, 8, 7, 6, 5)]
    listed = [{"EndpointConfigName": name} for name in [*names, "other-wages-prod-v1-20260101000000"]]
    aws.on(ListEndpointConfigs={"EndpointConfigs": listed})
    release(aws)
    assert [request["EndpointConfigName"] for request in aws.called("DeleteEndpointConfig")] == names[3:]


def test_later_stage_gets_the_package_until_every_stage_has_it(aws: FakeAws):
    candidate = packages.Package(f"{GROUP_ARN}/3", 3, "Approved", "", "image", "s3://m", {})
    spec = endpoint_spec()
    aws.on(GetParameter=parameters({"/wages/staging/live": live(3, spec), "/wages/prod/live": live(2, spec)}))
    assert deploy.for_later_stages(candidate, ["staging", "prod"])["MODEL_PACKAGE_ARN"] == f"{GROUP_ARN}/3"
    aws.on(GetParameter=parameters({"/wages/staging/live": live(3, spec), "/wages/prod/live": live(3, spec)}))
    assert deploy.for_later_stages(candidate, ["staging", "prod"])["MODEL_PACKAGE_ARN"] == "none"
    assert deploy.for_later_stages(None, ["staging", "prod"])["MODEL_PACKAGE_ARN"] == "none"


@pytest.mark.parametrize("changes", [{}, SERVERLESS, ASYNCHRONOUS], ids=["real-time", "serverless", "asynchronous"])
def test_release_of_each_kind_asks_for_what_that_kind_allows(aws: FakeAws, changes: dict[str, Any]):
    aws.on(**registry(package(3)))
    Endpoint(aws, "InService")
    release(aws, **changes)
    (model,), (config,) = aws.called("CreateModel"), aws.called("CreateEndpointConfig")
    kind = changes.get("kind", "real-time")
    assert ("EnableNetworkIsolation" in model) == (kind != "serverless")
    assert ("DataCaptureConfig" in config) == (kind == "real-time")
    assert ("AsyncInferenceConfig" in config) == (kind == "asynchronous")
    assert ("Environment" in model["PrimaryContainer"]) == (kind == "asynchronous")  # where requests may be larger
    assert ("ServerlessConfig" in config["ProductionVariants"][0]) == (kind == "serverless")


def test_update_with_a_canary_rolls_back_on_alarms():
    policy = {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60}}
    spec = endpoint_spec(deployment={"policy": policy, "alarms": ["wages-prod-errors"]})
    request = endpoint.update_request(spec, "config", ringing=[])
    assert request["DeploymentConfig"] == {
        "BlueGreenUpdatePolicy": policy,
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "wages-prod-errors"}]},
    }


SCALING = {"autoscaling": {"min_capacity": 1, "max_capacity": 4, "invocations_per_instance": 100}}


def test_update_of_a_scaled_endpoint_keeps_its_machines(aws: FakeAws):
    aws.on(**registry(package(3)), RegisterScalableTarget={}, PutScalingPolicy={})
    aws.on(DescribeEndpointConfig={"ProductionVariants": [{"InstanceType": "ml.m5.large"}]})
    Endpoint(aws, "InService")
    release(aws, **SCALING)
    (update,) = aws.called("UpdateEndpoint")
    assert update["RetainAllVariantProperties"] is True
    assert update["ExcludeRetainedVariantProperties"] == [{"VariantPropertyType": "DataCaptureConfig"}]
    assert aws.called("RegisterScalableTarget")[0]["ResourceId"] == "endpoint/wages-prod/variant/AllTraffic"
    assert "DescribeScalableTargets" not in aws.order()


def test_old_model_goes_on_scaling_when_the_new_one_is_refused(aws: FakeAws):
    aws.on(
        **registry(package(3)),
        RegisterScalableTarget={},
        PutScalingPolicy={},
        DeregisterScalableTarget={},
        DeleteAlarms={},
    )
    aws.on(DescribeEndpointConfig={"ProductionVariants": [{"InstanceType": "ml.c5.large"}]})
    Endpoint(aws, "InService", healthy=False)
    aws.on(DescribeScalableTargets={"ScalableTargets": [{}]})
    with pytest.raises(PipelineError):
        release(aws, **SCALING)
    changes = [name for name in aws.order() if name in ("DeregisterScalableTarget", "RegisterScalableTarget")]
    assert changes == ["DeregisterScalableTarget", "RegisterScalableTarget"]


def test_other_instance_type_is_not_scaled_while_it_changes(aws: FakeAws):
    Endpoint(aws, "InService")
    aws.on(DescribeEndpointConfig={"ProductionVariants": [{"InstanceType": "ml.c5.large"}]})
    aws.on(DescribeScalableTargets={"ScalableTargets": [{}]}, DeregisterScalableTarget={}, DeleteAlarms={})
    autoscaling.make_way(endpoint_spec(**SCALING))
    assert len(aws.called("DeregisterScalableTarget")) == 1
    assert aws.called("DeleteAlarms") == [{"AlarmNames": ["wages-prod-wake"]}]


def test_first_request_that_waits_wakes_an_endpoint_that_scaled_to_zero(aws: FakeAws):
    arn = "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:1:policyName/wages-prod-wake"
    aws.on(RegisterScalableTarget={}, PutScalingPolicy={"PolicyARN": arn}, PutMetricAlarm={})
    scaling = {"min_capacity": 0, "max_capacity": 4, "invocations_per_instance": 5}
    autoscaling.register(endpoint_spec(**ASYNCHRONOUS, autoscaling=scaling))
    step = aws.called("PutScalingPolicy")[1]
    assert (step["PolicyType"], step["StepScalingPolicyConfiguration"]["StepAdjustments"][0]["ScalingAdjustment"]) == (
        "StepScaling",
        1,
    )
    (alarm,) = aws.called("PutMetricAlarm")
    assert (alarm["MetricName"], alarm["AlarmActions"]) == ("HasBacklogWithoutCapacity", [arn])
    assert alarm["Dimensions"] == [{"Name": "EndpointName", "Value": "wages-prod"}]
