"""What SageMaker itself reports to CloudWatch about endpoints, in namespace AWS/SageMaker.

See https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html.
"""

from typing import Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.kinds import ENDPOINT

NAMESPACE = "AWS/SageMaker"


def invocation(
    backend: Operations, endpoint: str, variant: str, status: int, model_seconds: float, overhead_seconds: float
) -> None:
    """Count one answered request, with the time of its container and the time that SageMaker itself took."""
    values: list[tuple[str, float, str]] = [
        ("Invocations", 1, "None"),
        ("InvocationsPerInstance", 1 / max(1, _instances(backend, endpoint, variant)), "None"),
        ("Invocation4XXErrors", float(400 <= status < 500), "None"),
        ("Invocation5XXErrors", float(status >= 500), "None"),
        ("InvocationModelErrors", float(not 200 <= status < 300), "None"),
        ("ModelLatency", round(model_seconds * 1e6), "Microseconds"),
        ("OverheadLatency", round(overhead_seconds * 1e6), "Microseconds"),
    ]
    put(backend, {"EndpointName": endpoint, "VariantName": variant}, values)


def _instances(backend: Operations, endpoint: str, variant: str) -> int:
    variants = backend.documents.of(ENDPOINT).get((endpoint,), {}).get("ProductionVariants", [])
    return next((item.get("CurrentInstanceCount", 1) for item in variants if item["VariantName"] == variant), 1)


def put(backend: Operations, dimensions: dict[str, str], values: list[tuple[str, float, str]]) -> None:
    """Write metrics (name, value, unit) of one set of dimensions, at the time of the embedded clock."""
    from moto.cloudwatch.models import cloudwatch_backends

    named: list[dict[str, Any]] = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    now = clock.now().replace(tzinfo=None)
    data = [
        {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": named, "Timestamp": now}
        for name, value, unit in values
    ]
    cloudwatch_backends[backend.account_id][backend.region_name].put_metric_data(NAMESPACE, data)
