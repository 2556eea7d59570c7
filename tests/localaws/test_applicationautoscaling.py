"""Scalable targets of the embedded AWS."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import Aws, wait_for
from tests.localaws.endpoints import invoke, new_config, new_endpoint, settled

VARIANT = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
FIRST = {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}

TRACKING = {
    "TargetValue": 100.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}


@pytest.fixture
def variant(aws: Aws) -> Iterator[dict[str, Any]]:
    name = new_endpoint(aws, new_config(aws, "first"))
    settled(aws, name)
    yield {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_target_and_policy_are_kept_until_the_target_is_deregistered(aws: Aws, variant: dict[str, Any]) -> None:
    scaling = aws.client("application-autoscaling")
    tracking = {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": TRACKING}
    arn = scaling.register_scalable_target(**variant, MinCapacity=1, MaxCapacity=2, Tags={"a": "b"})[
        "ScalableTargetARN"
    ]
    scaling.register_scalable_target(**variant, MaxCapacity=3)
    scaling.put_scaling_policy(**variant, PolicyName="load", **tracking)
    target = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[variant["ResourceId"]])
    assert [(t["MinCapacity"], t["MaxCapacity"]) for t in target["ScalableTargets"]] == [(1, 3)]
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "b"}
    policies = scaling.describe_scaling_policies(**variant)["ScalingPolicies"]
    assert [p["TargetTrackingScalingPolicyConfiguration"] for p in policies] == [TRACKING]
    scaling.deregister_scalable_target(**variant)
    assert scaling.describe_scaling_policies(**variant)["ScalingPolicies"] == []
    with pytest.raises(ClientError) as gone:
        scaling.deregister_scalable_target(**variant)
    assert gone.value.response["Error"]["Code"] == "ObjectNotFoundException"


def test_target_of_an_endpoint_that_does_not_exist_is_refused(aws: Aws, variant: dict[str, Any]) -> None:
    nobody = variant | {"ResourceId": "endpoint/nobody/variant/AllTraffic"}
    with pytest.raises(ClientError, match="Could not find endpoint"):
        aws.client("application-autoscaling").register_scalable_target(**nobody, MinCapacity=1, MaxCapacity=2)


def test_deleted_endpoint_forgets_its_target(aws: Aws) -> None:
    scaling, sagemaker = aws.client("application-autoscaling"), aws.client("sagemaker")
    config = new_config(aws, "first")
    name = new_endpoint(aws, config)
    settled(aws, name)
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    sagemaker.delete_endpoint(EndpointName=name)
    ids = {"ServiceNamespace": "sagemaker", "ResourceIds": [target["ResourceId"]]}
    assert scaling.describe_scalable_targets(**ids)["ScalableTargets"] == []
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    settled(aws, name)
    assert scaling.describe_scalable_targets(**ids)["ScalableTargets"] == []
    sagemaker.delete_endpoint(EndpointName=name)


def test_instance_type_of_a_variant_that_scales_is_not_changed(aws: Aws, variant: dict[str, Any]) -> None:
    scaling, name = aws.client("application-autoscaling"), variant["ResourceId"].split("/")[1]
    scaling.register_scalable_target(**variant, MinCapacity=1, MaxCapacity=2)
    larger = new_config(aws, "second", variant={"InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1})
    with pytest.raises(ClientError, match="must be deregistered"):
        aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=larger)
    scaling.deregister_scalable_target(**variant)
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=larger)
    assert settled(aws, name)["EndpointConfigName"] == larger


def test_capacity_set_by_scaling_outlives_an_update_that_asks_for_it(aws: Aws, variant: dict[str, Any]) -> None:
    sagemaker, name = aws.client("sagemaker"), variant["ResourceId"].split("/")[1]
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    )
    settled(aws, name)
    sagemaker.update_endpoint(
        EndpointName=name, EndpointConfigName=new_config(aws, "second"), RetainAllVariantProperties=True
    )
    assert settled(aws, name)["ProductionVariants"][0]["CurrentInstanceCount"] == 3


def capacity(aws: Aws, variant: dict[str, Any]) -> int:
    name = variant["ResourceId"].split("/")[1]
    return settled(aws, name)["ProductionVariants"][0]["CurrentInstanceCount"]


def minutes(aws: Aws, count: int) -> None:
    """Let minutes pass, one by one, so that CloudWatch looks at each."""
    for _ in range(count):
        aws.advance("60s")
        time.sleep(0.1)


def test_load_over_the_target_makes_more_instances(aws: Aws, variant: dict[str, Any]) -> None:
    scaling, name = aws.client("application-autoscaling"), variant["ResourceId"].split("/")[1]
    scaling.register_scalable_target(**variant, MinCapacity=1, MaxCapacity=4)
    policy = scaling.put_scaling_policy(
        **variant,
        PolicyName="load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING | {"TargetValue": 2.0},
    )
    assert [alarm["AlarmName"].split("-Alarm")[1][:3] for alarm in policy["Alarms"]] == ["Hig", "Low"]
    for _ in range(4):
        aws.begin_minute()
        for _ in range(6):
            invoke(aws, name)
    aws.begin_minute()
    assert wait_for(lambda: capacity(aws, variant) == 3), capacity(aws, variant)
    activities = wait_for(lambda: scaling.describe_scaling_activities(**variant)["ScalingActivities"])
    assert activities[0]["Description"] == "Setting desired instance count to 3."
    scaling.delete_scaling_policy(**variant, PolicyName="load")
    left = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"TargetTracking-endpoint/{name}")
    assert left["MetricAlarms"] == []


def wake_when_requests_wait(aws: Aws, name: str, variant: dict[str, Any]) -> None:
    """Add one instance when an alarm says that requests wait for none."""
    step = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [FIRST], "Cooldown": 60}
    policy = aws.client("application-autoscaling").put_scaling_policy(
        **variant, PolicyName="first", PolicyType="StepScaling", StepScalingPolicyConfiguration=step
    )
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=f"{name}-waits",
        Namespace="AWS/SageMaker",
        MetricName="HasBacklogWithoutCapacity",
        Dimensions=[{"Name": "EndpointName", "Value": name}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[policy["PolicyARN"]],
    )


def test_queue_without_instances_wakes_the_first_one(aws: Aws) -> None:
    bucket = new_bucket(aws, **{"in.csv": "hello"})
    output = {"OutputConfig": {"S3OutputPath": f"s3://{bucket}/out"}}
    name = new_endpoint(aws, new_config(aws, "late", AsyncInferenceConfig=output))
    settled(aws, name)
    variant = VARIANT | {"ResourceId": f"endpoint/{name}/variant/AllTraffic"}
    scaling = aws.client("application-autoscaling")
    scaling.register_scalable_target(**variant, MinCapacity=0, MaxCapacity=2)
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 0}]
    aws.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=wanted
    )
    wake_when_requests_wait(aws, name, variant)
    minutes(aws, 2)
    assert capacity(aws, variant) == 0
    aws.client("sagemaker-runtime").invoke_endpoint_async(EndpointName=name, InputLocation=f"s3://{bucket}/in.csv")
    assert wait_for(lambda: minutes(aws, 1) or capacity(aws, variant) == 1)
    assert wait_for(lambda: aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="out/").get("Contents"))
    aws.client("cloudwatch").delete_alarms(AlarmNames=[f"{name}-waits"])
    aws.client("sagemaker").delete_endpoint(EndpointName=name)
    gone = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[variant["ResourceId"]])
    assert gone["ScalableTargets"] == []


def test_scheduled_action_moves_the_bounds_and_what_runs(aws: Aws, variant: dict[str, Any]) -> None:
    scaling = aws.client("application-autoscaling")
    scaling.register_scalable_target(**variant, MinCapacity=1, MaxCapacity=2)
    action = {"ScheduledActionName": "morning", "Schedule": "rate(1 hour)"}
    scaling.put_scheduled_action(**variant, **action, ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 4})
    found = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker", ResourceId=variant["ResourceId"])
    assert [item["Schedule"] for item in found["ScheduledActions"]] == ["rate(1 hour)"]
    aws.advance("61m")
    assert wait_for(lambda: capacity(aws, variant) == 2)
    targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[variant["ResourceId"]])
    assert [(t["MinCapacity"], t["MaxCapacity"]) for t in targets["ScalableTargets"]] == [(2, 4)]
    with pytest.raises(ClientError, match="Invalid schedule expression"):
        scaling.put_scheduled_action(**variant, ScheduledActionName="never", Schedule="whenever")
    scaling.deregister_scalable_target(**variant)
    assert scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"] == []
