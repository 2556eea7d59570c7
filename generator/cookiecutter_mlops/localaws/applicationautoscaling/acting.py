"""Scaling policies at work: an alarm that rings makes its policy change how many instances a variant has.

A target tracking policy makes two alarms of its own, a step policy has those that name it as their action; both as on
AWS. CloudWatch evaluates alarms each minute of the embedded clock.
"""

import math
import uuid
from dataclasses import dataclass
from functools import partial
from typing import Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.applicationautoscaling.kinds import ACTION, ACTIVITY, POLICY, TARGET
from cookiecutter_mlops.localaws.cloudwatch import evaluation
from cookiecutter_mlops.localaws.crud import Document
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated
from cookiecutter_mlops.localaws.schedules import Expression, Recurrence

# What a cool-down is where a policy has none, in seconds.
COOLDOWN = 300
# AWS's own alarms of a target tracking policy: minutes over the target, and minutes under this share of it.
_HIGH_MINUTES, _LOW_MINUTES, _LOW_SHARE = 3, 15, 0.9
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"


@dataclass(frozen=True)
class Variant:
    """The variant of an endpoint that a scalable target stands for."""

    account: str
    region: str
    endpoint: str
    name: str

    @property
    def sagemaker(self) -> Any:
        from moto.sagemaker.models import sagemaker_backends

        return sagemaker_backends[self.account][self.region]

    @property
    def instances(self) -> int | None:
        """Return how many instances it has, or None while the endpoint cannot be scaled."""
        document = self.sagemaker.describe_endpoint({"EndpointName": self.endpoint})
        variants = {item["VariantName"]: item for item in document.get("ProductionVariants", [])}
        is_ready = document["EndpointStatus"] == "InService"
        return variants.get(self.name, {}).get("CurrentInstanceCount") if is_ready else None

    def scale(self, instances: int) -> None:
        wanted = [{"VariantName": self.name, "DesiredInstanceCount": instances}]
        request = {"EndpointName": self.endpoint, "DesiredWeightsAndCapacities": wanted}
        self.sagemaker.update_endpoint_weights_and_capacities(request)


def variant_of(account: str, region: str, target: Document) -> Variant | None:
    """Return the variant behind a target, or None for other resources, which are kept and not scaled."""
    if target["ScalableDimension"] != _DIMENSION:
        return None
    _, endpoint, _, name = target["ResourceId"].split("/")
    return Variant(account, region, endpoint, name)


def on_alarm(arn: str, alarm: Any) -> None:
    """Carry out a policy; CloudWatch calls this at each evaluation while one of its alarms is in ALARM."""
    from cookiecutter_mlops.localaws.applicationautoscaling.models import application_autoscaling_backends

    _, _, _, region, account, _ = arn.split(":", 5)
    backend = application_autoscaling_backends[account][region]
    policy = next((item for item in list(backend.documents.of(POLICY).values()) if item["PolicyARN"] == arn), None)
    target = backend.documents.of(TARGET).get(TARGET.key(policy)) if policy else None
    variant = variant_of(account, region, target) if target else None
    instances = variant.instances if variant else None
    if not policy or not target or not variant or instances is None:
        return
    wanted = min(max(decide(policy, alarm, instances), target["MinCapacity"]), target["MaxCapacity"])
    if wanted != instances and _may_act(policy, target, is_out=wanted > instances):
        variant.scale(wanted)
        target["ScaledAt"] = clock.time()
        cause = f"monitor alarm {alarm.name} in state ALARM triggered policy {policy['PolicyName']}"
        backend.documents.of(ACTIVITY)[(uuid.uuid4().hex,)] = _activity(target, cause, wanted)


def schedule(action: Document, backend: Any) -> Recurrence:
    """Let a scheduled action happen at its times, as long as it and its target are there."""
    try:
        expression = Expression(action["Schedule"], action.get("Timezone", "UTC"), anchor=clock.time())
    except ValueError:
        raise AwsError("ValidationException", f"Invalid schedule expression: {action['Schedule']}") from None
    start, end = (_moment(action.get(name)) for name in ("StartTime", "EndTime"))
    return Recurrence(expression, partial(_happen, action, backend), partial(_exists, action, backend), start or 0, end)


def _exists(action: Document, backend: Any) -> bool:
    return backend.documents.of(ACTION).get(ACTION.key(action)) is action


def _happen(action: Document, backend: Any, _moment: float) -> None:
    """Give the target the bounds of a scheduled action, and bring what it runs within them."""
    target = backend.documents.find(TARGET, action)
    target.update(action.get("ScalableTargetAction", {}))
    variant = variant_of(backend.account_id, backend.region_name, target)
    instances = variant.instances if variant else None
    if not variant or instances is None or target["SuspendedState"]["ScheduledScalingSuspended"]:
        return
    wanted = min(max(instances, target["MinCapacity"]), target["MaxCapacity"])
    if wanted != instances:
        variant.scale(wanted)
        cause = f"scheduled action name {action['ScheduledActionName']} was triggered"
        backend.documents.of(ACTIVITY)[(uuid.uuid4().hex,)] = _activity(target, cause, wanted)


def _moment(given: Any) -> float | None:
    return given.timestamp() if hasattr(given, "timestamp") else given


def decide(policy: Document, alarm: Any, instances: int) -> int:
    """Return how many instances a policy wants while this alarm rings."""
    value = _value(alarm)
    if value is None:
        return instances
    if settings := policy.get("TargetTrackingScalingPolicyConfiguration"):
        wanted = math.ceil(instances * value / settings["TargetValue"])
        return max(wanted, instances + 1) if "-AlarmHigh-" in alarm.name else min(wanted, instances)
    settings = policy["StepScalingPolicyConfiguration"]
    for step in settings.get("StepAdjustments", []):
        lower = step.get("MetricIntervalLowerBound", -math.inf)
        if lower <= value - float(alarm.threshold) < step.get("MetricIntervalUpperBound", math.inf):
            return _adjusted(settings, step["ScalingAdjustment"], instances)
    return instances


def _may_act(policy: Document, target: Document, *, is_out: bool) -> bool:
    """Return whether scaling is neither suspended nor cooling down."""
    if target["SuspendedState"][f"DynamicScaling{'Out' if is_out else 'In'}Suspended"]:
        return False
    if settings := policy.get("TargetTrackingScalingPolicyConfiguration"):
        seconds = settings.get("ScaleOutCooldown" if is_out else "ScaleInCooldown", COOLDOWN)
    else:
        seconds = policy["StepScalingPolicyConfiguration"].get("Cooldown", COOLDOWN)
    return clock.time() - target.get("ScaledAt", 0) >= seconds


def _activity(target: Document, cause: str, wanted: int) -> Document:
    """Return what DescribeScalingActivities says of one change."""
    members = {name: target[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    return members | {
        "ActivityId": str(uuid.uuid4()),
        "Description": f"Setting desired instance count to {wanted}.",
        "Cause": cause,
        "StartTime": clock.time(),
        "EndTime": clock.time(),
        "StatusCode": "Successful",
    }


def alarms_of(policy: Document, cloudwatch: Any) -> list[Any]:
    """Return the CloudWatch alarms that have this policy as their action."""
    return [alarm for alarm in list(cloudwatch.alarms.values()) if policy["PolicyARN"] in (alarm.alarm_actions or [])]


def put_alarms(policy: Document, cloudwatch: Any) -> None:
    """Make the two alarms by which a target tracking policy acts, or change them."""
    settings = policy["TargetTrackingScalingPolicyConfiguration"]
    name = f"TargetTracking-{policy['ResourceId']}-Alarm{{}}-{policy['Id']}"
    high = ("High", "GreaterThanThreshold", settings["TargetValue"], _HIGH_MINUTES)
    low = ("Low", "LessThanThreshold", settings["TargetValue"] * _LOW_SHARE, _LOW_MINUTES)
    for side, comparison, threshold, minutes in [high] if settings.get("DisableScaleIn") else [high, low]:
        cloudwatch.put_metric_alarm(
            name=name.format(side),
            comparison_operator=comparison,
            evaluation_periods=minutes,
            period=60,
            threshold=threshold,
            description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy['PolicyARN']}.",
            alarm_actions=[policy["PolicyARN"]],
            **_metric(policy["ResourceId"], settings),
        )


def delete_alarms(policy: Document, cloudwatch: Any) -> None:
    """Delete the two alarms that a target-tracking policy has of its own."""
    if "TargetTrackingScalingPolicyConfiguration" in policy:
        cloudwatch.delete_alarms([alarm.name for alarm in alarms_of(policy, cloudwatch)])


def _metric(resource: str, settings: Document) -> dict[str, Any]:
    if metric := settings.get("CustomizedMetricSpecification"):
        if "MetricName" not in metric:
            raise NotEmulated("metric math in CustomizedMetricSpecification")
        names = {"namespace": "Namespace", "metric_name": "MetricName", "statistic": "Statistic"}
        return {key: metric[name] for key, name in names.items()} | {"dimensions": metric.get("Dimensions", [])}
    kind = settings["PredefinedMetricSpecification"]["PredefinedMetricType"]
    if kind != "SageMakerVariantInvocationsPerInstance":
        raise NotEmulated(f"the predefined metric {kind}")
    _, endpoint, _, variant = resource.split("/")
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    metric = {"namespace": "AWS/SageMaker", "metric_name": "InvocationsPerInstance", "statistic": "Sum"}
    return metric | {"dimensions": dimensions}


def _adjusted(settings: Document, adjustment: int, instances: int) -> int:
    kind = settings.get("AdjustmentType", "ChangeInCapacity")
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return instances + adjustment
    change = instances * adjustment / 100
    change = math.floor(change) if change < 0 else math.ceil(change)
    least = settings.get("MinAdjustmentMagnitude", 1)
    return instances + (max(change, least) if adjustment > 0 else min(change, -least))


def _value(alarm: Any) -> float | None:
    """Return the newest value of an alarm's metric, as the alarm sees it."""
    from moto.cloudwatch.models import cloudwatch_backends

    cloudwatch: Any = cloudwatch_backends[alarm.account_id][alarm.region_name]
    points = evaluation.judge(alarm, cloudwatch.series, clock.time()).data["recentDatapoints"]
    return points[-1] if points else None
