"""Who calls: roles within a boundary, sessions with a policy of their own, users of a group, and who is nobody."""

from tests.localaws.conftest import ACCOUNT
from tests.localaws.iam.conftest import allow, document, refusal, words


def test_boundary_limits_a_role(strict):
    iam = strict.client("iam")
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
    caller = strict.role(allow("*"), PermissionsBoundary=boundary)
    name = caller.role.rpartition("/")[2]
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    caller.client("s3").list_buckets()
    error = refusal(caller.client("ssm").describe_parameters)
    assert words(error)[1].endswith("because no permissions boundary allows the ssm:DescribeParameters action")


def test_session_policy_limits_a_session(strict):
    caller = strict.assume(strict.role(allow("*")).role, Policy=document(allow("s3:ListAllMyBuckets")))
    caller.client("s3").list_buckets()
    assert "because no session policy allows" in words(refusal(caller.client("ssm").describe_parameters))[1]


def test_role_is_assumed_only_by_whom_it_trusts(strict):
    name = "for-services"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = strict.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    caller = strict.role(allow("sts:AssumeRole"))
    error = refusal(caller.client("sts").assume_role, RoleArn=role, RoleSessionName="test")
    assert words(error)[1].endswith("because no resource-based policy allows the sts:AssumeRole action")


def test_session_token_of_somebody_else_is_refused(strict):
    caller = strict.role(allow("s3:*"))
    caller.credentials |= {"SessionToken": "another"}
    assert words(refusal(caller.client("ssm").describe_parameters))[0] == "UnrecognizedClientException"


def test_user_acts_with_the_policies_of_user_and_group(strict):
    iam = strict.client("iam")
    iam.create_user(UserName="maria")
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=document(allow("ssm:DescribeParameters")))
    iam.add_user_to_group(UserName="maria", GroupName="readers")
    key = iam.create_access_key(UserName="maria")["AccessKey"]
    caller = type(strict.role())(strict.aws.url, "", {**key, "SessionToken": None})
    caller.client("ssm").describe_parameters()
    assert f"User: arn:aws:iam::{ACCOUNT}:user/maria is not" in words(refusal(caller.client("s3").list_buckets))[1]
