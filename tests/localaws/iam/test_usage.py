"""A permission is needed where something that happened would have been refused without it."""

from click.testing import CliRunner

from cookiecutter_mlops.localaws.commands import local
from cookiecutter_mlops.localaws.iam.usage import Permission, unneeded, without
from tests.localaws.iam.conftest import allow, deny, refusal


def of(strict, caller) -> list[Permission]:
    found = unneeded(strict.client("iam"), strict.aws.home)
    return [permission for permission in found if permission.role == caller.role.rpartition("/")[2]]


def test_action_that_a_role_never_used_is_listed_with_its_statement(strict):
    caller = strict.role(allow(["ssm:DescribeParameters", "ssm:Get*", "s3:ListAllMyBuckets"], Sid="Look"))
    name = caller.role.rpartition("/")[2]
    caller.client("ssm").describe_parameters()
    caller.client("ssm").get_parameters(Names=["none"])
    assert of(strict, caller) == [Permission(name, "Look", "s3:ListAllMyBuckets")]
    shown = CliRunner().invoke(local, ["permissions", "--home", str(strict.aws.home)])
    assert f"{name}  Look  s3:ListAllMyBuckets" in shown.output


def test_action_that_two_statements_allow_is_needed_in_neither(strict):
    caller = strict.role(allow("ssm:DescribeParameters", Sid="First"), allow("ssm:DescribeParameters", Sid="Second"))
    caller.client("ssm").describe_parameters()
    assert [permission.statement for permission in of(strict, caller)] == ["First", "Second"]


def test_condition_of_another_statement_is_evaluated_with_the_keys_that_the_request_had(strict):
    only_here = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    only_there = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    caller = strict.role(
        allow("ssm:DescribeParameters", Sid="Here", Condition=only_here),
        allow("ssm:DescribeParameters", Sid="There", Condition=only_there),
    )
    caller.client("ssm").describe_parameters()
    assert [permission.statement for permission in of(strict, caller)] == ["There"]


def test_refused_request_proves_no_permission(strict):
    caller = strict.role(allow("ssm:DescribeParameters"), deny("ssm:*"))
    refusal(caller.client("ssm").describe_parameters)
    assert [permission.action for permission in of(strict, caller)] == ["ssm:DescribeParameters"]


def test_statement_without_its_only_action_is_gone_and_denials_stay():
    statements = [allow("ssm:GetParameter"), deny("ssm:GetParameter"), allow(["ssm:GetParameter", "ssm:PutParameter"])]
    assert without(statements, "ssm:GetParameter") == [deny("ssm:GetParameter"), allow(["ssm:PutParameter"])]
