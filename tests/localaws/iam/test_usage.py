"""Permissions that nobody used are listed by `mlops local permissions`."""

from click.testing import CliRunner

from cookiecutter_mlops.localaws.commands import local
from cookiecutter_mlops.localaws.iam.usage import Permission, unused
from tests.localaws.iam.conftest import allow


def test_action_that_a_role_never_used_is_listed_with_its_statement(strict):
    caller = strict.role(allow(["ssm:DescribeParameters", "ssm:Get*", "s3:ListAllMyBuckets"], Sid="Look"))
    name = caller.role.rpartition("/")[2]
    caller.client("ssm").describe_parameters()
    caller.client("ssm").get_parameters(Names=["none"])
    found = [permission for permission in unused(strict.client("iam"), strict.aws.home) if permission.role == name]
    assert found == [Permission(name, "Look", "s3:ListAllMyBuckets")]
    shown = CliRunner().invoke(local, ["permissions", "--home", str(strict.aws.home)])
    assert f"{name}  Look  s3:ListAllMyBuckets" in shown.output
