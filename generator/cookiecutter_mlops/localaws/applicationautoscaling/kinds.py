"""The documents of Application Auto Scaling: what scales, by which policies, when, and what was done."""

from cookiecutter_mlops.localaws.crud import Kind

_IDENTITY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_UNREGISTERED = (
    "ObjectNotFoundException",
    "No scalable target registered for service namespace, resource ID and scalable dimension: {key}",
)
TARGET = Kind("ScalableTarget", *_IDENTITY, arn="scalable-target/{Id}", missing=_UNREGISTERED)
POLICY = Kind(
    "ScalingPolicy",
    *_IDENTITY,
    "PolicyName",
    arn="scalingPolicy:{Id}:resource/{ServiceNamespace}/{ResourceId}:policyName/{PolicyName}",
    missing=("ObjectNotFoundException", "No scaling policy found for: {key}"),
)
ACTION = Kind(
    "ScheduledAction",
    *_IDENTITY,
    "ScheduledActionName",
    arn="scheduledAction:{Id}:resource/{ServiceNamespace}/{ResourceId}:scheduledActionName/{ScheduledActionName}",
    missing=("ObjectNotFoundException", "No scheduled action found for: {key}"),
)
ACTIVITY = Kind("ScalingActivity", "ActivityId")
