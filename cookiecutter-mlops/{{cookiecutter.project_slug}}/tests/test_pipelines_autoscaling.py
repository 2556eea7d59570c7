"""Machines of an endpoint that scales: kept over an update, left alone while they change, woken from zero."""

import pytest
from fake_aws import FakeAws
from fake_endpoint import Endpoint, release
from specs import ASYNCHRONOUS, endpoint_spec, package, registry

from pipelines import autoscaling
from pipelines.project import PipelineError

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
    aws.on(**registry(package(3)), RegisterScalableTarget={}, PutScalingPolicy={})
    aws.on(DeregisterScalableTarget={}, DeleteAlarms={})
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
    assert step["PolicyType"] == "StepScaling"
    assert step["StepScalingPolicyConfiguration"]["StepAdjustments"][0]["ScalingAdjustment"] == 1
    (alarm,) = aws.called("PutMetricAlarm")
    assert (alarm["MetricName"], alarm["AlarmActions"]) == ("HasBacklogWithoutCapacity", [arn])
    assert alarm["Dimensions"] == [{"Name": "EndpointName", "Value": "wages-prod"}]
