"""Every operator of IAM, with a key that is there, one that is missing, and several values."""

import pytest

from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.iam import catalog, conditions

CONTEXT = {
    "aws:principalarn": ["arn:aws:iam::123456789012:role/train"],
    "aws:username": ["maria"],
    "aws:tagkeys": ["project", "stage"],
    "aws:securetransport": ["true"],
    "aws:sourceip": ["127.0.0.1"],
    "aws:currenttime": ["2026-11-25T15:00:00Z"],
    "s3:prefix": ["home/maria/a*b"],
    "s3:tlsversion": ["1.3"],
    "sagemaker:vpcsubnets": ["subnet-1", "subnet-2"],
}


def holds(operator: str, key: str, wanted) -> bool:
    return conditions.holds({operator: {key: wanted}}, CONTEXT, lambda key: None)


@pytest.mark.parametrize(
    ("operator", "key", "wanted"),
    [
        ("StringEquals", "aws:username", "maria"),
        ("StringEquals", "AWS:UserName", ["joe", "maria"]),
        ("StringNotEquals", "aws:username", ["joe", "ann"]),
        ("StringEqualsIgnoreCase", "aws:username", "MARIA"),
        ("StringNotEqualsIgnoreCase", "aws:username", "JOE"),
        ("StringLike", "s3:prefix", "home/*/a?b"),
        ("StringLike", "s3:prefix", "home/${aws:username}/*"),
        ("StringLike", "s3:prefix", "home/maria/a${*}b"),
        ("StringNotLike", "s3:prefix", ["work/*", "home/joe/*"]),
        ("Bool", "aws:SecureTransport", True),
        ("NumericLessThan", "s3:TlsVersion", "1.4"),
        ("NumericGreaterThanEquals", "s3:TlsVersion", 1.3),
        ("NumericNotEquals", "s3:TlsVersion", 1.2),
        ("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z"),
        ("DateLessThanEquals", "aws:CurrentTime", "1795618800"),
        ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "127.0.0.0/8"]),
        ("NotIpAddress", "aws:SourceIp", "10.0.0.0/8"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/tr*"),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::123456789012:role/train"),
        ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:user/*"),
        ("Null", "aws:SourceVpce", "true"),
        ("Null", "aws:username", "false"),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["project", "stage", "owner"]),
        ("ForAllValues:StringEquals", "aws:SourceVpc", "vpc-1"),
        ("ForAnyValue:StringEquals", "aws:TagKeys", "stage"),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", "stage"),
        ("StringNotEquals", "aws:SourceVpc", "vpc-1"),
        ("StringEqualsIfExists", "aws:SourceVpc", "vpc-1"),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", "true"),
    ],
)
def test_condition_that_is_met_holds(operator, key, wanted):
    assert holds(operator, key, wanted)


@pytest.mark.parametrize(
    ("operator", "key", "wanted"),
    [
        ("StringEquals", "aws:username", "Maria"),
        ("StringEquals", "aws:SourceVpc", "vpc-1"),
        ("StringNotEquals", "aws:username", ["joe", "maria"]),
        ("StringEquals", "s3:prefix", "home/maria/*"),
        ("StringLike", "s3:prefix", "home/${aws:PrincipalTag/team}/*"),
        ("Bool", "aws:SecureTransport", "false"),
        ("NumericLessThan", "s3:TlsVersion", "1.2"),
        ("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z"),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:*:role/train"),
        ("Null", "aws:SourceVpce", "false"),
        ("Null", "aws:username", "true"),
        ("ForAllValues:StringEquals", "aws:TagKeys", "project"),
        ("ForAllValues:StringNotEquals", "sagemaker:VpcSubnets", "subnet-2"),
        ("ForAnyValue:StringEquals", "aws:TagKeys", "owner"),
        ("ForAnyValue:StringEquals", "aws:SourceVpc", "vpc-1"),
        ("StringEqualsIfExists", "aws:username", "joe"),
    ],
)
def test_condition_that_is_not_met_does_not_hold(operator, key, wanted):
    assert not holds(operator, key, wanted)


def test_block_of_several_keys_holds_only_if_all_do():
    block = {"StringEquals": {"aws:username": "maria"}, "Bool": {"aws:SecureTransport": "false"}}
    assert not conditions.holds(block, CONTEXT, lambda key: None)


@pytest.mark.parametrize("operator", ["StringEqual", "NullIfExists", "ForSomeValues:StringEquals", "Boolean", "string"])
def test_operator_that_iam_does_not_have_is_refused(operator):
    with pytest.raises(NotEmulated, match=operator):
        holds(operator, "aws:username", "maria")


def test_variable_is_filled_in_literally():
    assert not conditions.wildcard(conditions.substitute("${s3:prefix}", CONTEXT)).fullmatch("home/maria/axxb")
    assert conditions.wildcard(conditions.substitute("${s3:prefix}/*", CONTEXT)).fullmatch("home/maria/a*b/c")
    assert conditions.substitute("${aws:PrincipalTag/team, 'all'}", CONTEXT) == "all"


@pytest.mark.parametrize(
    "key", ["sagemaker:NetworkIsolation", "aws:RequestTag/stage", "kms:EncryptionContext:aws:logs:arn"]
)
def test_key_that_requests_carry_is_known(key):
    catalog.check_key(key)


def test_key_that_aws_does_not_have_is_refused():
    with pytest.raises(NotEmulated, match="sagemaker:NetworkIsolated: AWS has no such key"):
        catalog.check_key("sagemaker:NetworkIsolated")


def test_key_that_is_not_filled_in_is_refused():
    with pytest.raises(NotEmulated, match=r"condition key sagemaker:WorkteamArn$"):
        catalog.check_key("sagemaker:WorkteamArn")
