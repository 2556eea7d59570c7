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
