"""Instances and weights of an endpoint's variants: changed on demand, and guarded by Application Auto Scaling."""

from typing import Any

from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ValidationException
from cookiecutter_mlops.localaws.sagemaker.kinds import ENDPOINT_CONFIG
from cookiecutter_mlops.localaws.sagemaker.serving import Fleet


def check(endpoint: dict[str, Any], wanted: list[dict[str, Any]]) -> None:
    """Refuse variants that the endpoint does not have, and no instances for one that answers at once."""
    names = [variant["VariantName"] for variant in endpoint["ProductionVariants"]]
    for desired in wanted:
        if desired["VariantName"] not in names:
            raise ValidationException(f'Could not find variant "{desired["VariantName"]}" of the endpoint.')
        if desired.get("DesiredInstanceCount") == 0 and not endpoint.get("AsyncInferenceConfig"):
            raise ValidationException("DesiredInstanceCount must be at least 1 for a real-time endpoint.")


def carry_out(fleet: Fleet, endpoint: dict[str, Any], wanted: list[dict[str, Any]]) -> None:
    """Give variants other weights and instance counts, with servers for those that had none."""
    variants = {variant["VariantName"]: variant for variant in endpoint["ProductionVariants"]}
    for desired in wanted:
        variant = variants[desired["VariantName"]]
        if "DesiredWeight" in desired:
            variant["CurrentWeight"] = variant["DesiredWeight"] = desired["DesiredWeight"]
        if "DesiredInstanceCount" in desired:
            fleet.resize(desired["VariantName"], desired["DesiredInstanceCount"])
            variant["CurrentInstanceCount"] = variant["DesiredInstanceCount"] = desired["DesiredInstanceCount"]


def check_update(backend: Operations, endpoint: dict[str, Any], config: dict[str, Any]) -> None:
    """Refuse to change the instance type of a variant, or to remove it, while it scales."""
    # The configuration in use may have been deleted, as on AWS.
    live = backend.documents.of(ENDPOINT_CONFIG).get((endpoint["EndpointConfigName"],), {})
    types = {variant["VariantName"]: variant.get("InstanceType") for variant in config["ProductionVariants"]}
    changed = [
        variant["VariantName"]
        for variant in live.get("ProductionVariants", [])
        if types.get(variant["VariantName"]) != variant.get("InstanceType")
    ]
    if any(target["ResourceId"].rsplit("/", 1)[1] in changed for target in _targets(backend, endpoint["EndpointName"])):
        raise ValidationException(
            f'The variant(s) "{changed}" must be deregistered as scalable targets with AWS Auto Scaling before they '
            "can be removed or have their instance type changed."
        )


def forget(backend: Operations, endpoint: str) -> None:
    """Deregister the variants of an endpoint that is deleted, as AWS does."""
    for target in _targets(backend, endpoint):
        _scaling(backend).deregister_scalable_target(target)


def _targets(backend: Operations, endpoint: str) -> list[dict[str, Any]]:
    targets = _scaling(backend).describe_scalable_targets({"ServiceNamespace": "sagemaker", "MaxResults": 10_000})
    prefix = f"endpoint/{endpoint}/variant/"
    return [target for target in targets["ScalableTargets"] if target["ResourceId"].startswith(prefix)]


def _scaling(backend: Operations) -> Any:
    from cookiecutter_mlops.localaws.applicationautoscaling.models import application_autoscaling_backends

    return application_autoscaling_backends[backend.account_id][backend.region_name]
