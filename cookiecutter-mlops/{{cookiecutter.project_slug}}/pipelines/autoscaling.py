"""Registers the scaling that Terraform declares: it needs a living endpoint, which Terraform's first apply lacks.

Imported by pipelines/deploy.py and destroy.py.
"""

from typing import Any

from pipelines import endpoint, project

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
NAMESPACE = "sagemaker"


def target(endpoint_name: str) -> dict[str, str]:
    """What scales: the number of instances of the one variant."""
    resource = f"endpoint/{endpoint_name}/variant/{endpoint.VARIANT}"
    return {"ServiceNamespace": NAMESPACE, "ResourceId": resource, "ScalableDimension": DIMENSION}


def register(spec: dict[str, Any]) -> None:
    """Make scaling what the spec says; both calls replace what was there."""
    scaling, service = spec["autoscaling"], project.client("application-autoscaling")
    if not scaling:
        return
    limits = {"MinCapacity": scaling["min_capacity"], "MaxCapacity": scaling["max_capacity"]}
    service.register_scalable_target(**target(spec["endpoint_name"]), **limits)
    service.put_scaling_policy(
        **target(spec["endpoint_name"]),
        PolicyName=f"{spec['endpoint_name']}-traffic",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=policy(spec),
    )
    if scaling["min_capacity"] == 0:
        wake_from_zero(spec)


def wake_from_zero(spec: dict[str, Any]) -> None:
    """Start the first instance for the first request that waits: a target per instance says nothing about none.

    https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html
    """
    name = waker(spec["endpoint_name"])
    step = {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}
    policy_arn = project.client("application-autoscaling").put_scaling_policy(
        **target(spec["endpoint_name"]),
        PolicyName=name,
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "MetricAggregationType": "Average",
            "Cooldown": 300,
            "StepAdjustments": [step],
        },
    )["PolicyARN"]
    project.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        AlarmDescription=f"Requests wait for {spec['endpoint_name']}, which has no instance; this starts one",
        Namespace="AWS/SageMaker",
        MetricName="HasBacklogWithoutCapacity",
        Dimensions=[{"Name": "EndpointName", "Value": spec["endpoint_name"]}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        DatapointsToAlarm=2,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="missing",
        AlarmActions=[policy_arn],
        Tags=project.tags(spec),
    )


def waker(endpoint_name: str) -> str:
    """What the step policy and its alarm are called."""
    return f"{endpoint_name}-wake"


def policy(spec: dict[str, Any]) -> dict[str, Any]:
    """Requests each instance is to take: answered a minute, or for an asynchronous endpoint waiting in its queue."""
    wanted: dict[str, Any] = {"TargetValue": float(spec["autoscaling"]["invocations_per_instance"])}
    if spec["kind"] != "asynchronous":
        usual = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        return wanted | {"PredefinedMetricSpecification": usual}
    metric = {
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Namespace": "AWS/SageMaker",
        "Dimensions": [{"Name": "EndpointName", "Value": spec["endpoint_name"]}],
        "Statistic": "Average",
    }
    return wanted | {"CustomizedMetricSpecification": metric}


def make_way(spec: dict[str, Any]) -> None:
    """Take scaling away before an update that it would stand in the way of."""
    current = endpoint.describe(spec["endpoint_name"])
    if current and not (spec["autoscaling"] and same_machines(spec, current["EndpointConfigName"])):
        deregister(spec["endpoint_name"])


def same_machines(spec: dict[str, Any], config: str) -> bool:
    """Whether a configuration has the instance type of the spec."""
    described = project.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
    return described["ProductionVariants"][0].get("InstanceType") == spec["instance_type"]


def deregister(endpoint_name: str) -> bool:
    """Take scaling away; SageMaker refuses to change the instance type of an endpoint that scales, or to delete it."""
    service, scaled = project.client("application-autoscaling"), target(endpoint_name)
    found = service.describe_scalable_targets(ServiceNamespace=NAMESPACE, ResourceIds=[scaled["ResourceId"]])
    if not found["ScalableTargets"]:
        return False
    service.deregister_scalable_target(**scaled)
    project.client("cloudwatch").delete_alarms(AlarmNames=[waker(endpoint_name)])
    return True
