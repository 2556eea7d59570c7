"""A log group that is there can get a key, and lose it again."""

import pytest
from botocore.exceptions import ClientError

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"


def test_log_group_gets_a_key_and_loses_it(aws):
    logs, name = aws.client("logs"), "/aws/sagemaker/WithKey"
    logs.create_log_group(logGroupName=name)
    logs.associate_kms_key(logGroupName=name, kmsKeyId=KEY)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["kmsKeyId"] == KEY
    logs.disassociate_kms_key(logGroupName=name)
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]


def test_key_of_a_missing_log_group_is_refused(aws):
    with pytest.raises(ClientError) as refused:
        aws.client("logs").associate_kms_key(logGroupName="none", kmsKeyId=KEY)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
