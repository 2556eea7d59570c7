"""What SageMaker itself reports to CloudWatch about endpoints, in namespace AWS/SageMaker.

See https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html.
"""

from collections.abc import Mapping

from cookiecutter_mlops.localaws import metrics
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.kinds import ENDPOINT

NAMESPACE = "AWS/SageMaker"


def invocation(
    backend: Operations, endpoint: str, variant: str, status: int, model_seconds: float, overhead_seconds: float
) -> None:
    """Count one answered request, with the time of its container and the time that SageMaker itself took."""
    values = {
        "Invocations": 1,
        "InvocationsPerInstance": 1 / max(1, _instances(backend, endpoint, variant)),
        "Invocation4XXErrors": float(400 <= status < 500),
        "Invocation5XXErrors": float(status >= 500),
        "InvocationModelErrors": float(not 200 <= status < 300),
    }
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    put(backend, dimensions, values, "None")
    latencies = {"ModelLatency": round(model_seconds * 1e6), "OverheadLatency": round(overhead_seconds * 1e6)}
    put(backend, dimensions, latencies, "Microseconds")


def put(backend: Operations, dimensions: dict[str, str], values: Mapping[str, float], unit: str) -> None:
    """Write metrics of one set of dimensions and one unit, at the time of the embedded clock."""
    units = dict.fromkeys(values, unit)
    metrics.publish(backend.account_id, backend.region_name, NAMESPACE, dimensions, values, units)


def _instances(backend: Operations, endpoint: str, variant: str) -> int:
    variants = backend.documents.of(ENDPOINT).get((endpoint,), {}).get("ProductionVariants", [])
    return next((item.get("CurrentInstanceCount", 1) for item in variants if item["VariantName"] == variant), 1)
