"""What the embedded AWS does not do, it says at once: status 501 and the action's name, in each protocol."""

import ast
import json
import pickle
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlparse

import boto3
import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops import localaws
from tests.localaws.conftest import REGION

QUEUE = f"arn:aws:sqs:{REGION}:123456789012:any"


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "named"),
    [
        ("codecommit", "list_pull_requests", {"repositoryName": "any"}, "codecommit:ListPullRequests"),
        ("codepipeline", "list_webhooks", {}, "codepipeline:ListWebhooks"),  # CBOR
        ("sqs", "list_message_move_tasks", {"SourceArn": QUEUE}, "sqs:ListMessageMoveTasks"),
        ("cloudformation", "list_types", {}, "cloudformation:ListTypes"),  # query
        ("iam", "change_password", {"OldPassword": "a", "NewPassword": "b"}, "iam:ChangePassword"),  # query
        ("apigateway", "get_sdk_types", {}, "apigateway:GetSdkTypes"),  # REST, JSON
        ("ec2", "describe_fleet_history", {"FleetId": "any", "StartTime": 0}, "ec2:DescribeFleetHistory"),
        ("lambda", "list_code_signing_configs", {}, "lambda:ListCodeSigningConfigs"),
        ("route53", "list_cidr_collections", {}, "route53:ListCidrCollections"),  # REST, XML
        ("chatbot", "describe_slack_workspaces", {}, "chatbot:DescribeSlackWorkspaces"),  # unknown to moto
    ],
)
def test_what_is_not_implemented_is_named_at_once(aws, service, operation, arguments, named):
    with pytest.raises(ClientError) as refused:
        getattr(aws.client(service), operation)(**arguments)
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("NotImplemented", f"The embedded AWS does not implement {named}")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize("service", ["ssm", "sts", "s3"])
@pytest.mark.parametrize("key", ["AKIAQWERTYUIOPASDFGH", "ASIAQWERTYUIOPASDFGH"])
def test_keys_of_a_real_account_are_refused(aws, service, key):
    """Also with IAM off, as here: they have no business with an AWS that is none."""
    operations = {"ssm": "describe_parameters", "sts": "get_caller_identity", "s3": "list_buckets"}
    stranger = boto3.client(
        service, endpoint_url=aws.url, region_name=REGION, aws_access_key_id=key, aws_secret_access_key="secret"
    )
    with pytest.raises(ClientError) as refused:
        getattr(stranger, operations[service])()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_what_is_deleted_is_forgotten():
    """moto remembers each instance of its models for its dashboard; see `extension.forget_instances`."""
    program = "from cookiecutter_mlops.localaws import extension; extension.forget_instances(); "
    program += "from moto.sqs.models import Message; Message('id', 'body', None); print(Message.instances_tracked)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


def test_keys_that_were_made_here_are_taken(aws):
    iam = aws.client("iam")
    iam.create_user(UserName="ada")
    made = iam.create_access_key(UserName="ada")["AccessKey"]
    keys = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
    sts = boto3.client("sts", endpoint_url=aws.url, region_name=REGION, **keys)
    assert sts.get_caller_identity()["Arn"].endswith(":user/ada")


def test_request_body_is_never_evaluated(aws, tmp_path):
    """What looks like code or a pickle is stored, or refused as what it is not."""
    code = f"__import__('pathlib').Path({str(tmp_path / 'ran')!r}).touch()"
    aws.client("ssm").put_parameter(Name="/code", Value=code, Type="String")
    for path in ("/_embedded/clock", "/_embedded/faults", "/_embedded/snapshot"):
        for body in (code.encode(), pickle.dumps({"advance": "1s"})):
            request = urllib.request.Request(f"{aws.url}{path}", body, method="POST")
            with pytest.raises(urllib.error.HTTPError, match="400"):
                urllib.request.urlopen(request)
    assert not (tmp_path / "ran").exists()


def test_answer_leaves_in_one_piece(aws):
    """The SDK of Terraform may lose the body of an answer whose headers come before it."""
    host, port = urlparse(aws.url).hostname, urlparse(aws.url).port
    with socket.create_connection((host, port)) as connection:
        connection.sendall(b"GET /_embedded/clock HTTP/1.1\r\nHost: localhost\r\n\r\n")
        headers, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.1 200")
    assert "rate" in json.loads(body)


def test_body_that_waits_to_be_asked_for_is_asked_for_at_once(aws):
    """boto3 sends the body of PutObject after a second without an answer to its `Expect`."""
    address = urlparse(aws.url)
    request = "PUT /nowhere/key HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(request.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"1")
        assert connection.recv(100).startswith(b"HTTP/1.1 404")


def test_nothing_evaluates_a_text_as_code():
    """Requests come from anybody on this machine."""
    sources = [(path, ast.parse(path.read_text())) for path in Path(localaws.__file__).parent.rglob("*.py")]
    calls = [(path, node) for path, tree in sources for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert len(calls) > 1000
    assert [(path.name, node.lineno) for path, node in calls if getattr(node.func, "id", "") in ("eval", "exec")] == []
