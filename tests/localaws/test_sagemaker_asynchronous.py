"""Asynchronous endpoints: their queue, its metrics, and scaling to zero and back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import Aws, wait_for
from tests.localaws.endpoints import new_config, new_endpoint, settled


@pytest.fixture
def bucket(aws: Aws) -> str:
    return new_bucket(aws, **{"in.csv": "hello"})


@pytest.fixture
def endpoint(aws: Aws, bucket: str) -> Iterator[str]:
    output = {"S3OutputPath": f"s3://{bucket}/out"}
    name = new_endpoint(aws, new_config(aws, "late", AsyncInferenceConfig={"OutputConfig": output}))
    settled(aws, name)
    yield name
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def scale(aws: Aws, endpoint: str, instances: int) -> None:
    aws.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": instances}],
    )
    settled(aws, endpoint)


def answers(aws: Aws, bucket: str) -> list[str]:
    found = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="out/").get("Contents", [])
    return [item["Key"] for item in found]


def newest(aws: Aws, endpoint: str, metric: str) -> float | None:
    """Return the last value of a metric of the queue."""
    now = aws.now()
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}],
        StartTime=now - timedelta(seconds=30),
        EndTime=now + timedelta(seconds=30),
        Period=1,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max(found, key=lambda point: point["Timestamp"])["Maximum"] if found else None


def test_requests_wait_while_there_is_no_instance(aws: Aws, endpoint: str, bucket: str) -> None:
    runtime: Any = aws.client("sagemaker-runtime")
    scale(aws, endpoint, 0)
    for _ in range(3):
        runtime.invoke_endpoint_async(EndpointName=endpoint, InputLocation=f"s3://{bucket}/in.csv")
    assert newest(aws, endpoint, "ApproximateBacklogSize") == 3
    assert newest(aws, endpoint, "HasBacklogWithoutCapacity") == 1
    assert answers(aws, bucket) == []
    scale(aws, endpoint, 1)
    assert len(wait_for(lambda: keys if len(keys := answers(aws, bucket)) == 3 else None)) == 3
    aws.advance("61s")  # it is reported each minute
    assert wait_for(lambda: newest(aws, endpoint, "ApproximateBacklogSize") == 0)
    assert newest(aws, endpoint, "HasBacklogWithoutCapacity") == 0


def test_endpoint_that_answers_at_once_is_not_scaled_to_zero(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "first"))
    settled(aws, name)
    with pytest.raises(ClientError, match="at least 1"):
        scale(aws, name, 0)
    aws.client("sagemaker").delete_endpoint(EndpointName=name)
