"""An embedded AWS that enforces IAM, and roles on it."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.localaws.conftest import ACCOUNT, REGION, Aws, serve

Statements = list[dict[str, Any]]


class Strict:
    """The embedded AWS as the administrator sees it; `role` gives somebody who may do less."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.client = aws, aws.client

    def role(self, *statements: dict[str, Any], **settings: Any) -> "Caller":
        """Make a role with these statements that the account may assume, and assume it."""
        name = f"role-{uuid.uuid4().hex[:8]}"
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust), **settings)["Role"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
        return self.assume(role["Arn"])

    def assume(self, role: str, **settings: Any) -> "Caller":
        answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test", **settings)
        return Caller(self.aws.url, role, answer["Credentials"])

    def decisions(self) -> list[dict[str, Any]]:
        """Return every decision so far; the log begins with the first one that a role or a service asks for."""
        log = self.aws.home / "iam.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def bucket(self, *statements: dict[str, Any]) -> str:
        """Make a bucket, with a policy if there are statements."""
        name = f"bucket-{uuid.uuid4().hex[:12]}"
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if statements:
            self.client("s3").put_bucket_policy(Bucket=name, Policy=document(*statements))
        return name


class Caller:
    """A session of a role."""

    def __init__(self, url: str, role: str, credentials: dict[str, Any]) -> None:
        self.url, self.role, self.credentials = url, role, credentials

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=self.credentials["AccessKeyId"],
            aws_secret_access_key=self.credentials["SecretAccessKey"],
            aws_session_token=self.credentials["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    @property
    def arn(self) -> str:
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role.rpartition('/')[2]}/test"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: str | list[str], resources: str | list[str] = "*", **members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources} | members


def deny(actions: str | list[str], resources: str | list[str] = "*", **members: Any) -> dict[str, Any]:
    return allow(actions, resources, **members) | {"Effect": "Deny"}


def refusal(call: Callable[..., Any], **arguments: Any) -> ClientError:
    """Return the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value


def words(error: ClientError) -> tuple[str, str]:
    """Return the code and the sentence of an error."""
    return error.response["Error"]["Code"], error.response["Error"]["Message"]


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strict]:
    with serve(Path(tmp_path_factory.mktemp("strict")), "--iam", "on") as aws:
        yield Strict(aws)


def service_role(strict: Strict, service: str, *statements: dict[str, Any], account: str = ACCOUNT) -> str:
    """Make a role that a service may assume for one account, and return its ARN."""
    name, iam = f"role-{uuid.uuid4().hex[:8]}", strict.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return role
