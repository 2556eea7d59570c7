"""Scalable targets of the embedded AWS."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws
from tests.localaws.test_sagemaker_endpoints import new_config, new_endpoint, settled

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
    sagemaker.update_endpoint(
        EndpointName=name, EndpointConfigName=new_config(aws, "second"), RetainAllVariantProperties=True
    )
    assert settled(aws, name)["ProductionVariants"][0]["CurrentInstanceCount"] == 3
