"""A release ends with exactly the wanted model live, or with the old one live and a sentence that says why."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from fake_aws import AwsError, FakeAws
from fake_endpoint import FIRST, Endpoint, release
from specs import ASYNCHRONOUS, GROUP_ARN, SERVERLESS, endpoint_spec, package, registry

from pipelines import endpoint
from pipelines.project import PipelineError


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


def test_old_releases_are_deleted_but_three(aws: FakeAws):
    aws.on(**registry(package(9)))
    Endpoint(aws, "InService")
    names = [f"wages-prod-v{version}-20260101000000" for version in (9, 8, 7, 6, 5)]
    listed = [{"EndpointConfigName": name} for name in [*names, "other-wages-prod-v1-20260101000000"]]
    aws.on(ListEndpointConfigs={"EndpointConfigs": listed})
    release(aws)
    assert [request["EndpointConfigName"] for request in aws.called("DeleteEndpointConfig")] == names[3:]


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


@pytest.mark.parametrize(("ami", "named"), [(None, {}), ("gpu-3", {"InferenceAmiVersion": "gpu-3"})])
def test_image_of_a_package_gets_its_environment_its_time_and_its_driver(aws: FakeAws, ami: Any, named: dict[str, str]):
    served = package(3)
    served["InferenceSpecification"]["Containers"][0]["Environment"] = {"SM_VLLM_MAX_MODEL_LEN": "512"}
    aws.on(**registry(served))
    Endpoint(aws, "InService")
    release(aws, serving={"startup_seconds": 900, "ami": ami})
    (model,), (config,) = aws.called("CreateModel"), aws.called("CreateEndpointConfig")
    assert model["PrimaryContainer"]["Environment"] == {"SM_VLLM_MAX_MODEL_LEN": "512"}
    (variant,) = config["ProductionVariants"]
    times = (variant["ModelDataDownloadTimeoutInSeconds"], variant["ContainerStartupHealthCheckTimeoutInSeconds"])
    assert times == (900, 900)
    assert {name: value for name, value in variant.items() if "Ami" in name} == named


def test_update_with_a_canary_rolls_back_on_alarms():
    request = endpoint.update_request(endpoint_spec(**GUARDED), "config", ringing=[])
    assert request["DeploymentConfig"] == {
        "BlueGreenUpdatePolicy": ROUTING,
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}, {"AlarmName": "latency"}]},
    }
