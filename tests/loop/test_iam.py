"""What runs in the loop is held to its own role: an action that is taken away stops the loop where it is needed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.loop.test_loop import WORKER

pytestmark = pytest.mark.xdist_group("released")  # one worker, one project


@contextmanager
def without(project, role: str, action: str) -> Iterator[None]:
    """Take an action away from every inline policy of a role for a while."""
    iam, name = project.client("iam"), f"{project.path.name}-{role}"
    documents = {p: iam.get_role_policy(RoleName=name, PolicyName=p)["PolicyDocument"] for p in policies(iam, name)}
    assert any(action in actions(statement) for d in documents.values() for statement in d["Statement"])
    try:
        for policy, document in documents.items():
            put(iam, name, policy, document | {"Statement": [less(s, action) for s in document["Statement"]]})
        yield
    finally:
        for policy, document in documents.items():
            put(iam, name, policy, document)


def policies(iam, role: str) -> list[str]:
    return iam.list_role_policies(RoleName=role)["PolicyNames"]


def put(iam, role: str, policy: str, document: dict) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def actions(statement: dict) -> list[str]:
    found = statement["Action"]
    return found if isinstance(found, list) else [found]


def less(statement: dict, action: str) -> dict:
    """Return a statement without an action; one that is left with nothing allows what nobody does."""
    kept = [other for other in actions(statement) if other != action or statement["Effect"] == "Deny"]
    return statement | {"Action": kept or ["sts:DecodeAuthorizationMessage"]}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "action", "stage"),
    [
        ("release-pipeline", "codecommit:GetBranch", "Source"),
        ("release-pipeline", "s3:PutObject", "Source"),
        ("release-pipeline", "kms:GenerateDataKey*", "Source"),
        ("release-pipeline", "codebuild:StartBuild", "Deploy-prod"),
        ("deploy-prod-build", "logs:CreateLogStream", "Deploy-prod"),
        ("deploy-prod-build", "ssm:GetParameter", "Deploy-prod"),
        ("deploy-prod-build", "sagemaker:ListModelPackages", "Deploy-prod"),
        ("verify-prod-build", "sagemaker:DescribeEndpoint", "Verify-prod"),
    ],
)
def test_release_stops_where_an_action_is_taken_away(released, role, action, stage):
    with without(released, role, action):
        assert released.release() == "Failed"
        assert released.stopped_at(released.outputs["release_pipeline"]) == stage
    assert f"is not authorized to perform: {action.rstrip('*')} on resource" in released.logs()


def test_function_without_its_action_gives_no_prediction(released):
    request = {"instances": [WORKER]}
    with without(released, "prod-invoke-function", "sagemaker:InvokeEndpoint"):
        assert "predictions" not in released.invoke_function(request)
    log = (released.path / ".mlops" / "local" / "iam.jsonl").read_text().splitlines()
    refused = [entry["action"] for entry in map(json.loads, log) if not entry["allowed"]]
    assert refused[-1] == "sagemaker:InvokeEndpoint"
    assert released.invoke_function(request)["predictions"]
