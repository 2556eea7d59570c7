"""Blue/green updates of endpoints: canary, linear, guarded by alarms, rolled back."""

import contextlib
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, wait_for
from tests.localaws.endpoints import SERVERLESS, invoke, new_config, new_endpoint, settled
from tests.localaws.events import Listener

FOUR = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 4}
HALF = {"Type": "CAPACITY_PERCENT", "Value": 50}
ONE = {"Type": "INSTANCE_COUNT", "Value": 1}


@pytest.fixture
def endpoint(aws: Aws) -> Iterator[str]:
    name = new_endpoint(aws, new_config(aws, "first", variant=FOUR))
    settled(aws, name)
    yield name
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


@pytest.fixture
def alarm(aws: Aws) -> Iterator[str]:
    cloudwatch, name = aws.client("cloudwatch"), f"errors-{uuid.uuid4().hex[:8]}"
    settings = {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    metric = {"Namespace": "nothing", "MetricName": "nothing", "Period": 60, "Statistic": "Sum"}
    cloudwatch.put_metric_alarm(AlarmName=name, **settings, **metric, TreatMissingData="ignore")
    yield name
    cloudwatch.delete_alarms(AlarmNames=[name])


def blue_green(routing: str, alarm: str = "", wait: int = 600, **members: Any) -> dict[str, Any]:
    size = {"CANARY": {"CanarySize": ONE}, "LINEAR": {"LinearStepSize": ONE}}.get(routing, {})
    traffic = {"Type": routing, "WaitIntervalInSeconds": wait, **size, **members}
    alarms = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]}} if alarm else {}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": traffic}, **alarms}


def update(aws: Aws, endpoint: str, settings: dict[str, Any], answer: str = "second", **variant: Any) -> str:
    config = new_config(aws, answer, variant=FOUR | variant)
    aws.client("sagemaker").update_endpoint(EndpointName=endpoint, EndpointConfigName=config, DeploymentConfig=settings)
    return config


def baking(aws: Aws, endpoint: str) -> Any:
    """Return what DescribeEndpoint says of the new fleet while it bakes."""
    pending = aws.client("sagemaker").describe_endpoint(EndpointName=endpoint).get("PendingDeploymentSummary", {})
    status = pending.get("ProductionVariants", [{}])[0].get("VariantStatus", [{}])[0]
    return status if status.get("Status") == "Baking" else None


def answers(aws: Aws, endpoint: str, requests: int) -> Counter[str]:
    return Counter(invoke(aws, endpoint)["model"] for _ in range(requests))


def test_canary_gets_its_share_until_it_is_baked(aws: Aws, endpoint: str) -> None:
    config = update(aws, endpoint, blue_green("CANARY"))
    status = wait_for(lambda: baking(aws, endpoint))
    assert "600 seconds (WaitIntervalInSeconds)" in status["StatusMessage"]
    assert "canary capacity of 1 instance(s)" in status["StatusMessage"]
    assert answers(aws, endpoint, 20) == {"first": 15, "second": 5}
    aws.advance("601s")
    after = settled(aws, endpoint)
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", config)
    assert "FailureReason" not in after
    assert answers(aws, endpoint, 4) == {"second": 4}


def test_linear_shift_goes_step_by_step(aws: Aws, endpoint: str) -> None:
    update(aws, endpoint, blue_green("LINEAR", LinearStepSize=HALF, wait=300))
    assert wait_for(lambda: baking(aws, endpoint))
    assert answers(aws, endpoint, 10) == {"first": 5, "second": 5}
    aws.advance("301s")
    assert settled(aws, endpoint)["EndpointStatus"] == "InService"
    assert answers(aws, endpoint, 4) == {"second": 4}


def test_alarm_during_the_canary_rolls_the_update_back(aws: Aws, endpoint: str, alarm: str) -> None:
    before = aws.client("sagemaker").describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    listener = Listener(aws, source=["aws.sagemaker"], detail={"EndpointName": [endpoint]})
    update(aws, endpoint, blue_green("CANARY", alarm))
    assert wait_for(lambda: baking(aws, endpoint))
    aws.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")
    after = settled(aws, endpoint)
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", before)
    assert alarm in after["FailureReason"]
    assert answers(aws, endpoint, 8) == {"first": 8}
    events = listener.until(lambda told: told["EndpointStatus"] == "IN_SERVICE")
    listener.close()
    states = [e["detail"]["EndpointStatus"] for e in events if e["detail-type"] == "SageMaker Endpoint State Change"]
    assert states == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]
    shifts = [e["detail"] for e in events if e["detail-type"] == "SageMaker Endpoint Deployment State Change"]
    told = [d["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["Status"] for d in shifts]
    assert told == ["Creating", "ActivatingTraffic", "Baking"]


def test_failing_canary_hurts_no_more_than_its_share(aws: Aws, endpoint: str, alarm: str) -> None:
    update(aws, endpoint, blue_green("CANARY", alarm), "failing")
    assert wait_for(lambda: baking(aws, endpoint))
    hurt = 0
    for _ in range(20):
        try:
            invoke(aws, endpoint)
        except ClientError as error:
            hurt += error.response["OriginalStatusCode"] == 500
    assert hurt == 5
    aws.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")
    settled(aws, endpoint)
    assert answers(aws, endpoint, 4) == {"first": 4}


def test_errors_of_the_canary_ring_the_alarm_that_rolls_it_back(aws: Aws, endpoint: str) -> None:
    """Nobody sets the alarm here: CloudWatch computes it from the invocations."""
    cloudwatch, name = aws.client("cloudwatch"), f"errors-{endpoint}"
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}]
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "Invocation5XXErrors", "Dimensions": dimensions}
    settings = {"Statistic": "Average", "Period": 60, "EvaluationPeriods": 1, "Threshold": 0.05}
    rule = {"ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}
    cloudwatch.put_metric_alarm(AlarmName=name, **metric, **settings, **rule)
    update(aws, endpoint, blue_green("CANARY", name), "failing")
    assert wait_for(lambda: baking(aws, endpoint))
    aws.begin_minute()
    for _ in range(20):
        with contextlib.suppress(ClientError):
            invoke(aws, endpoint)
    aws.advance("60s")
    assert name in settled(aws, endpoint)["FailureReason"]
    assert answers(aws, endpoint, 4) == {"first": 4}
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_alarm_in_the_final_baking_rolls_back_all_at_once(aws: Aws, endpoint: str, alarm: str) -> None:
    settings = blue_green("ALL_AT_ONCE", alarm, wait=0)
    settings["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] = 600
    update(aws, endpoint, settings)
    assert wait_for(lambda: baking(aws, endpoint))
    assert answers(aws, endpoint, 4) == {"second": 4}
    aws.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")
    settled(aws, endpoint)
    assert answers(aws, endpoint, 4) == {"first": 4}


def test_rolling_update_bakes_each_batch(aws: Aws, endpoint: str) -> None:
    update(aws, endpoint, {"RollingUpdatePolicy": {"MaximumBatchSize": HALF, "WaitIntervalInSeconds": 300}})
    assert wait_for(lambda: baking(aws, endpoint))
    assert answers(aws, endpoint, 10) == {"first": 5, "second": 5}
    aws.advance("301s")
    assert wait_for(lambda: "full capacity" in (baking(aws, endpoint) or {}).get("StatusMessage", ""))
    aws.advance("301s")
    assert settled(aws, endpoint)["EndpointStatus"] == "InService"


def test_update_is_refused_while_one_runs(aws: Aws, endpoint: str) -> None:
    update(aws, endpoint, blue_green("CANARY"))
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        update(aws, endpoint, blue_green("CANARY"))


def test_update_is_refused_while_its_alarm_rings(aws: Aws, endpoint: str, alarm: str) -> None:
    aws.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")
    with pytest.raises(ClientError, match="in ALARM state"):
        update(aws, endpoint, blue_green("ALL_AT_ONCE", alarm, wait=0))
    assert settled(aws, endpoint)["EndpointStatus"] == "InService"


@pytest.mark.parametrize(
    ("settings", "variant", "said"),
    [
        (blue_green("CANARY", CanarySize={"Type": "CAPACITY_PERCENT", "Value": 51}), {}, "CanarySize"),
        (blue_green("CANARY", CanarySize=HALF), {"InitialInstanceCount": 1}, "50% of the variant's total instance"),
        (blue_green("LINEAR", LinearStepSize={"Type": "CAPACITY_PERCENT", "Value": 5}), {}, "10-50%"),
        (blue_green("CANARY", alarm="nobody"), {}, "Could not find the CloudWatch alarm"),
        (blue_green("CANARY"), {"VariantName": "Other"}, "must have the same variant names"),
    ],
    ids=["canary-over-half", "canary-on-one-instance", "linear-step-too-small", "unknown-alarm", "other-variants"],
)
def test_deployment_that_aws_refuses_is_refused(
    aws: Aws, endpoint: str, settings: dict[str, Any], variant: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClientError, match=said) as refused:
        update(aws, endpoint, settings, **variant)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert settled(aws, endpoint)["EndpointStatus"] == "InService"


def test_guardrails_on_serverless_are_refused(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "first", variant=SERVERLESS))
    settled(aws, name)
    with pytest.raises(ClientError, match="not supported for serverless"):
        aws.client("sagemaker").update_endpoint(
            EndpointName=name,
            EndpointConfigName=new_config(aws, "second", variant=SERVERLESS),
            DeploymentConfig=blue_green("CANARY"),
        )
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_invocations_are_metrics_of_the_variant(aws: Aws, endpoint: str) -> None:
    answers(aws, endpoint, 3)
    with pytest.raises(ClientError):
        invoke(aws, endpoint, "bad")
    cloudwatch = aws.client("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}]
    seen = {}
    for name in ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency", "OverheadLatency"):
        found = cloudwatch.get_metric_data(
            StartTime="2020-01-01",
            EndTime="2100-01-01",
            MetricDataQueries=[
                {
                    "Id": "sum",
                    "MetricStat": {
                        "Metric": {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": dimensions},
                        "Period": 86400 * 365 * 100,
                        "Stat": "Sum",
                    },
                }
            ],
        )
        seen[name] = sum(found["MetricDataResults"][0]["Values"])
    assert (seen["Invocations"], seen["Invocation4XXErrors"], seen["Invocation5XXErrors"]) == (4, 1, 0)
    assert 0 < seen["ModelLatency"] < 4e6
    assert 0 < seen["OverheadLatency"] < 4e6
