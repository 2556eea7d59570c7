"""Networks are moto's; here is what it lacked."""

import pytest


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
