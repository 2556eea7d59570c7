"""Requests that do not fit AWS's models are refused by the server, also where no SDK checked them."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from cookiecutter_mlops.localaws import validation
from tests.localaws.conftest import Aws

GROUP = {"ModelPackageGroupName": "validated"}


def send(aws: Aws, operation: str, body: Any, service: str = "sagemaker", prefix: str = "SageMaker") -> Any:
    """Send a request as somebody without an SDK would; return status and answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {
        "X-Amz-Target": f"{prefix}.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=embedded-aws/20260101/eu-west-1/{service}/aws4_request",
    }
    request = urllib.request.Request(aws.url, content, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in json.load(error).items()}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "Value null at 'modelPackageGroupName' failed to satisfy constraint: Member must not be null"),
        ({"ModelPackageGroupName": "x" * 64}, "Member must have length less than or equal to 63"),
        ({"ModelPackageGroupName": "-x"}, "Value '-x' at 'modelPackageGroupName' failed to satisfy constraint: Member"),
        (GROUP | {"Tags": [{"Key": "a"}]}, "Value null at 'tags.1.member.value' failed"),
        (GROUP | {"Tags": [{}]}, "2 validation errors detected: "),
    ],
    ids=["missing", "too-long", "pattern", "missing-inside", "several"],
)
def test_request_that_breaks_the_model_is_refused_in_aws_words(aws: Aws, body: dict[str, Any], said: str) -> None:
    status, answer = send(aws, "CreateModelPackageGroup", body)
    assert (status, answer["__type"]) == (400, "ValidationException")
    assert said in answer["message"]


def test_value_outside_its_enum_is_refused(aws: Aws) -> None:
    variant = {"VariantName": "AllTraffic", "ModelName": "m", "InstanceType": "ml.huge", "InitialInstanceCount": 0}
    status, answer = send(aws, "CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": [variant]})
    assert status == 400
    assert "'ml.huge' at 'productionVariants.1.member.instanceType'" in answer["message"]
    assert "Member must satisfy enum value set: [ml.t2.medium" in answer["message"]


@pytest.mark.parametrize("body", [b"{", GROUP | {"Tags": "none"}, {"ModelPackageGroupName": 1}])
def test_request_of_the_wrong_type_is_a_serialization_error(aws: Aws, body: Any) -> None:
    status, answer = send(aws, "CreateModelPackageGroup", body)
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_member_that_the_model_does_not_know_is_ignored(aws: Aws) -> None:
    status, answer = send(aws, "CreateModelPackageGroup", GROUP | {"Novelty": 1})
    assert status == 200, answer
    aws.client("sagemaker").delete_model_package_group(**GROUP)


def test_other_services_are_checked_too(aws: Aws) -> None:
    body = {
        "ServiceNamespace": "nowhere",
        "ResourceId": "r",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    target = {"service": "application-autoscaling", "prefix": "AnyScaleFrontendService"}
    status, answer = send(aws, "RegisterScalableTarget", body, **target)
    assert (status, answer["__type"]) == (400, "ValidationException")
    assert "'nowhere' at 'serviceNamespace'" in answer["message"]


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        (r"\p{ASCII}*", "application/json", "é"),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "a b/c", "a#b"),
        (r"\p{Alnum}+\\[a-z]", "a1\\b", "-\\b"),
    ],
)
def test_character_classes_of_java_are_read_in_and_outside_of_sets(pattern, fits, does_not):
    assert validation.fits(pattern, fits)
    assert not validation.fits(pattern, does_not)


def test_pattern_that_only_java_understands_refuses_nothing():
    assert validation.fits("[a-z&&[^b]]+", "b")
    assert validation.fits(r"[\p{Broken", "anything")
