"""REST APIs can be changed after they were made."""

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def method(aws):
    """A method with an integration: what names it in requests."""
    client = aws.client("apigateway")
    api = client.create_rest_api(name="predictions")
    named = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "POST"}
    client.put_method(**named, authorizationType="NONE", requestParameters={"method.request.header.a/b": False})
    client.put_integration(**named, type="MOCK", timeoutInMillis=1000)
    yield named
    client.delete_rest_api(restApiId=api["id"])


def patches(*operations):
    return [dict(zip(("op", "path", "value"), operation, strict=False)) for operation in operations]


def test_method_is_changed_member_by_member(aws, method):
    client = aws.client("apigateway")
    changes = patches(
        ("replace", "/authorizationType", "AWS_IAM"),
        ("replace", "/apiKeyRequired", "true"),
        ("replace", "/requestParameters/method.request.header.a~1b", "true"),
        ("add", "/requestParameters/method.request.querystring.q", "false"),
        ("add", "/authorizationScopes", "read"),
    )
    client.update_method(**method, patchOperations=changes)
    seen = client.get_method(**method)
    assert (seen["authorizationType"], seen["apiKeyRequired"], seen["authorizationScopes"]) == (
        "AWS_IAM",
        True,
        ["read"],
    )
    assert seen["requestParameters"] == {"method.request.header.a/b": True, "method.request.querystring.q": False}
    removals = patches(
        ("remove", "/requestParameters/method.request.querystring.q"), ("remove", "/authorizationScopes", "read")
    )
    seen = client.update_method(**method, patchOperations=removals)
    assert list(seen["requestParameters"]) == ["method.request.header.a/b"]
    assert seen["authorizationScopes"] == []


def test_integration_and_deployment_are_changed(aws, method):
    client = aws.client("apigateway")
    changes = patches(
        ("replace", "/timeoutInMillis", "2000"),
        ("replace", "/passthroughBehavior", "NEVER"),
        ("replace", "/type", "HTTP"),
    )
    client.update_integration(**method, patchOperations=changes)
    seen = client.get_integration(**method)
    assert (seen["timeoutInMillis"], seen["passthroughBehavior"], seen["type"]) == (2000, "NEVER", "HTTP")
    deployment = {"restApiId": method["restApiId"]}
    deployment["deploymentId"] = client.create_deployment(**deployment)["id"]
    client.update_deployment(**deployment, patchOperations=patches(("replace", "/description", "second")))
    assert client.get_deployment(**deployment)["description"] == "second"


def test_member_that_does_not_exist_is_refused(aws, method):
    with pytest.raises(ClientError, match="Invalid patch path /colour"):
        aws.client("apigateway").update_method(**method, patchOperations=patches(("replace", "/colour", "red")))
