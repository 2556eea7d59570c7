"""The alarms that guard an endpoint's update, as CloudWatch holds them."""

from typing import Any

from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ValidationException


def names(settings: dict[str, Any]) -> list[str]:
    """Return the names of a DeploymentConfig's rollback alarms."""
    alarms = settings.get("AutoRollbackConfiguration", {}).get("Alarms", [])
    return [alarm["AlarmName"] for alarm in alarms]


def raised(backend: Operations, settings: dict[str, Any]) -> list[str]:
    """Return which of them are in ALARM now."""
    found = _alarms(backend)
    return [name for name in names(settings) if name in found and found[name].state_value == "ALARM"]


def evaluate(backend: Operations) -> None:
    """Let CloudWatch look at its alarms now: the clock may have been moved over the moment when it would have."""
    from moto.cloudwatch.models import cloudwatch_backends

    cloudwatch: Any = cloudwatch_backends[backend.account_id][backend.region_name]
    cloudwatch.evaluate()


def check(backend: Operations, settings: dict[str, Any]) -> None:
    """Refuse alarms that do not exist, and an update that its alarms would roll back at once."""
    if missing := [name for name in names(settings) if name not in _alarms(backend)]:
        raise ValidationException(f"Could not find the CloudWatch alarm(s) of AutoRollbackConfiguration: {missing}.")
    if ringing := raised(backend, settings):
        raise ValidationException(
            f"Cannot update the endpoint: the alarm(s) {ringing} of AutoRollbackConfiguration are in ALARM state."
        )


def _alarms(backend: Operations) -> dict[str, Any]:
    from moto.cloudwatch.models import cloudwatch_backends

    return cloudwatch_backends[backend.account_id][backend.region_name].alarms
