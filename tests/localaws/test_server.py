"""What the embedded AWS does not do, it says at once: status 501 and the action's name, in each protocol."""

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import REGION

QUEUE = f"arn:aws:sqs:{REGION}:123456789012:any"


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "named"),
    [
        ("codecommit", "list_pull_requests", {"repositoryName": "any"}, "codecommit:ListPullRequests"),
        ("codepipeline", "list_webhooks", {}, "codepipeline:ListWebhooks"),  # CBOR
        ("sqs", "list_message_move_tasks", {"SourceArn": QUEUE}, "sqs:ListMessageMoveTasks"),
        ("cloudformation", "list_types", {}, "cloudformation:ListTypes"),  # query
        ("ec2", "describe_fleet_history", {"FleetId": "any", "StartTime": 0}, "ec2:DescribeFleetHistory"),
        ("lambda", "list_code_signing_configs", {}, "lambda:GET /2020-04-22/code-signing-configs"),
        ("route53", "list_cidr_collections", {}, "route53:GET /2013-04-01/cidrcollection"),  # REST, XML
        ("chatbot", "describe_slack_workspaces", {}, "chatbot:POST /describe-slack-workspaces"),  # unknown to moto
    ],
)
def test_what_is_not_implemented_is_named_at_once(aws, service, operation, arguments, named):
    with pytest.raises(ClientError) as refused:
        getattr(aws.client(service), operation)(**arguments)
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("NotImplemented", f"The embedded AWS does not implement {named}")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
