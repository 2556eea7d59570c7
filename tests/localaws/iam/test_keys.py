"""Keys of KMS: their policies, their grants, and whoever must have them for an object or a message."""

import pytest

from tests.localaws.conftest import ACCOUNT, REGION
from tests.localaws.iam.conftest import allow, document, refusal, words


def encrypted_bucket(strict):
    key = strict.client("kms").create_key()["KeyMetadata"]["Arn"]
    bucket = strict.bucket()
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    strict.client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    return bucket, key


def test_object_under_a_key_needs_the_key_through_s3(strict):
    bucket, key = encrypted_bucket(strict)
    objects = allow(["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{bucket}/*")
    error = refusal(strict.role(objects).client("s3").put_object, Bucket=bucket, Key="a", Body=b"1")
    assert f"kms:GenerateDataKey on resource: {key} because no identity-based policy" in words(error)[1]
    through = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
    closes = allow("kms:GenerateDataKey", key, Condition=through)
    writer = strict.role(objects, closes).client("s3")
    writer.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert "kms:Decrypt" in words(refusal(writer.get_object, Bucket=bucket, Key="a"))[1]
    elsewhere = {"StringEquals": {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}}
    wrong = strict.role(objects, allow("kms:Decrypt", key, Condition=elsewhere))
    assert "kms:Decrypt" in words(refusal(wrong.client("s3").get_object, Bucket=bucket, Key="a"))[1]
    right = strict.role(objects, allow("kms:Decrypt", key, Condition=through))
    assert right.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_key_policy_without_the_account_locks_everybody_else_out(strict):
    bucket, key = encrypted_bucket(strict)
    only = allow("kms:*", Principal={"Service": "logs.amazonaws.com"})
    own = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/embedded-aws"})
    strict.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=document(only, own))
    caller = strict.role(allow("s3:*"), allow("kms:*"))
    error = refusal(caller.client("s3").put_object, Bucket=bucket, Key="a", Body=b"1")
    assert words(error)[1].endswith("because no resource-based policy allows the kms:GenerateDataKey action")


@pytest.mark.parametrize(
    ("constraint", "shown", "allowed"),
    [
        ({}, {}, True),
        ({"EncryptionContextSubset": {"stage": "prod"}}, {"stage": "prod", "run": "1"}, True),
        ({"EncryptionContextSubset": {"stage": "prod"}}, {"stage": "staging"}, False),
        ({"EncryptionContextEquals": {"stage": "prod"}}, {"stage": "prod"}, True),
        ({"EncryptionContextEquals": {"stage": "prod"}}, {"stage": "prod", "run": "1"}, False),
    ],
)
def test_grant_lets_its_grantee_use_the_key_until_it_is_revoked(strict, constraint, shown, allowed):
    kms, caller = strict.client("kms"), strict.role()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    grant = kms.create_grant(KeyId=key, GranteePrincipal=caller.role, Operations=["Encrypt"], Constraints=constraint)
    request = {"KeyId": key, "Plaintext": b"secret", "EncryptionContext": shown}
    if allowed:
        blob = caller.client("kms").encrypt(**request)["CiphertextBlob"]
        assert "kms:Decrypt" in words(refusal(caller.client("kms").decrypt, CiphertextBlob=blob, KeyId=key))[1]
        kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    assert "not authorized to perform: kms:Encrypt" in words(refusal(caller.client("kms").encrypt, **request))[1]


def test_messages_under_a_key_need_the_key(strict):
    key = strict.client("kms").create_key()["KeyMetadata"]["Arn"]
    url = strict.client("sqs").create_queue(QueueName="sealed", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    sends = allow("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:sealed")
    error = refusal(strict.role(sends).client("sqs").send_message, QueueUrl=url, MessageBody="m")
    assert f"kms:GenerateDataKey on resource: {key}" in words(error)[1]
    through = {"StringEquals": {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}}
    opens = allow(["kms:Decrypt", "kms:GenerateDataKey"], key, Condition=through)
    strict.role(sends, opens).client("sqs").send_message(QueueUrl=url, MessageBody="m")
