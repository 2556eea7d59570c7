"""Networks are moto's; here is what it lacked."""

import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize("target", ["group", "range"])
def test_rule_of_a_security_group_keeps_its_description(aws, target):
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName=target, Description="group", VpcId=vpc)["GroupId"]
    targets = {
        "group": {"UserIdGroupPairs": [{"GroupId": group, "Description": "each other"}]},
        "range": {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "each other"}]},
    }
    allowed = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **targets[target]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[allowed])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    assert [rule["Description"] for rule in rules if not rule["IsEgress"]] == ["each other"]


@pytest.mark.parametrize("target", ["group", "range"])
def test_described_again_a_rule_is_the_same_rule(aws, target):
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName=target, Description="group", VpcId=vpc)["GroupId"]

    def allowed(text):
        pair, cidr = {"GroupId": group, "Description": text}, {"CidrIp": "10.0.0.0/8", "Description": text}
        to = {"UserIdGroupPairs": [pair]} if target == "group" else {"IpRanges": [cidr]}
        return {"GroupId": group, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **to}]}

    ec2.authorize_security_group_ingress(**allowed("first"))
    with pytest.raises(ClientError, match="already exists"):
        ec2.authorize_security_group_ingress(**allowed("second"))
    ec2.update_security_group_rule_descriptions_ingress(**allowed("third"))
    (kept,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert [each["Description"] for each in kept["UserIdGroupPairs"] + kept["IpRanges"]] == ["third"]
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    assert [rule["Description"] for rule in rules if not rule["IsEgress"]] == ["third"]


def test_prefix_lists_are_different_rules(aws):
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.98.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="lists", Description="group", VpcId=vpc)["GroupId"]
    for name in ("pl-0123456789abcdef0", "pl-0123456789abcdef1"):
        rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": name}]}
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[rule])
        with pytest.raises(ClientError, match="already exists"):
            ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[rule])
