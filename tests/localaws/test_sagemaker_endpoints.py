"""Endpoints of the embedded AWS: real processes, safe updates, invocations through sagemaker-runtime."""

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, wait_for
from tests.localaws.endpoints import SERVERLESS, invoke, new_config, new_endpoint, settled


def test_endpoint_serves_its_model(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "first"))
    endpoint = settled(aws, name)
    assert endpoint["EndpointStatus"] == "InService", endpoint
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert invoke(aws, name) == {"model": "first", "body": "hello", "type": "text/csv"}
    aws.client("sagemaker").delete_endpoint(EndpointName=name)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        aws.client("sagemaker").describe_endpoint(EndpointName=name)


def test_endpoint_update_switches_to_the_new_model(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "first"))
    settled(aws, name)
    second = new_config(aws, "second")
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=second)
    assert invoke(aws, name)["model"] in ("first", "second")
    endpoint = settled(aws, name)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", second)
    assert invoke(aws, name)["model"] == "second"
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_endpoint_update_loses_no_request(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "first"))
    settled(aws, name)
    second, seen = new_config(aws, "second"), []
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=second)
    assert wait_for(lambda: seen.append(invoke(aws, name)["model"]) or seen[-1] == "second")
    assert set(seen) <= {"first", "second"}
    assert seen[-1] == "second"
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_endpoint_update_to_a_model_that_cannot_load_keeps_the_old_one(aws: Aws) -> None:
    first = new_config(aws, "first")
    name = new_endpoint(aws, first)
    settled(aws, name)
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=new_config(aws, "broken"))
    endpoint = settled(aws, name)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", first)
    assert "did not pass the ping health check" in endpoint["FailureReason"]
    assert invoke(aws, name)["model"] == "first"
    group = f"/aws/sagemaker/Endpoints/{name}"
    events = aws.client("logs").filter_log_events(logGroupName=group)["events"]
    assert "cannot load the model" in [event["message"] for event in events]
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_endpoint_that_cannot_start_is_failed(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "broken"))
    assert settled(aws, name)["EndpointStatus"] == "Failed"
    with pytest.raises(ClientError) as refused:
        invoke(aws, name)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match="in status Failed"):
        aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=new_config(aws, "x"))
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_serverless_endpoint_is_updated(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "first", variant=SERVERLESS))
    settled(aws, name)
    second = new_config(aws, "second", variant=SERVERLESS)
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=second)
    endpoint = settled(aws, name)
    assert (endpoint["EndpointConfigName"], endpoint.get("FailureReason")) == (second, None)
    assert invoke(aws, name)["model"] == "second"
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def test_serverless_endpoint_serves(aws: Aws) -> None:
    name = new_endpoint(aws, new_config(aws, "light", variant=SERVERLESS))
    assert settled(aws, name)["ProductionVariants"][0]["CurrentServerlessConfig"]["MemorySizeInMB"] == 2048
    assert invoke(aws, name)["model"] == "light"
    aws.client("sagemaker").delete_endpoint(EndpointName=name)
