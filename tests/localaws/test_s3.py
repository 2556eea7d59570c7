"""S3 of the embedded AWS, where moto's own would do harm."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import Aws

TIERING = {
    "Id": "archive",
    "Status": "Enabled",
    "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}],
}


LIFECYCLE: dict[str, Any] = {
    "Rules": [
        {
            "ID": "sized",
            "Status": "Enabled",
            "Filter": {
                "And": {"Prefix": "raw/", "ObjectSizeGreaterThan": 200, "Tags": [{"Key": "kind", "Value": "raw"}]}
            },
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 5},
        }
    ]
}


def deny(bucket: str, condition: dict[str, Any] | None) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}
    )


def test_lifecycle_keeps_sizes_and_numbers_of_versions_until_it_is_deleted(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), new_bucket(aws)
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=LIFECYCLE)
    stored = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert stored["Rules"] == LIFECYCLE["Rules"]
    assert stored["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    s3.delete_bucket_lifecycle(Bucket=bucket)
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)


def test_tiering_configuration_deleted_leaves_the_bucket(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), new_bucket(aws)
    s3.put_bucket_intelligent_tiering_configuration(
        Bucket=bucket, Id="archive", IntelligentTieringConfiguration=TIERING
    )
    stored = s3.get_bucket_intelligent_tiering_configuration(Bucket=bucket, Id="archive")
    assert stored["IntelligentTieringConfiguration"] == TIERING
    s3.delete_bucket_intelligent_tiering_configuration(Bucket=bucket, Id="archive")
    with pytest.raises(ClientError, match="NoSuchConfiguration"):
        s3.get_bucket_intelligent_tiering_configuration(Bucket=bucket, Id="archive")
    s3.head_bucket(Bucket=bucket)


def test_unknown_sub_resource_deleted_leaves_the_bucket(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), new_bucket(aws)
    with pytest.raises(ClientError, match="metadataTable"):
        s3.delete_bucket_metadata_table_configuration(Bucket=bucket)
    s3.head_bucket(Bucket=bucket)


@pytest.mark.parametrize(
    "condition",
    [{"Bool": {"aws:SecureTransport": "false"}}, {"NumericLessThan": {"s3:TlsVersion": ["1.2"]}}],
    ids=["plain-http", "old-tls"],
)
def test_bucket_that_wants_tls_takes_objects(aws: Aws, condition: dict[str, Any]) -> None:
    s3, bucket = aws.client("s3"), new_bucket(aws)
    s3.put_bucket_policy(Bucket=bucket, Policy=deny(bucket, condition))
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


@pytest.mark.parametrize("condition", [None, {"Bool": {"aws:SecureTransport": "true"}}], ids=["always", "tls"])
def test_bucket_that_denies_refuses_objects(aws: Aws, condition: dict[str, Any] | None) -> None:
    s3, bucket = aws.client("s3"), new_bucket(aws)
    s3.put_bucket_policy(Bucket=bucket, Policy=deny(bucket, condition))
    with pytest.raises(ClientError, match="403"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"1")


def test_one_of_many_is_the_first_to_put_an_object(aws):
    s3, bucket = aws.client("s3"), new_bucket(aws)

    def put(number):
        try:
            s3.put_object(Bucket=bucket, Key="lock", Body=str(number).encode(), IfNoneMatch="*")
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(12) as threads:
        outcomes = list(threads.map(put, range(12)))
    assert (outcomes.count(None), outcomes.count("PreconditionFailed")) == (1, 11)


def test_bucket_takes_the_acl_of_logs_that_the_model_does_not_name(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), new_bucket(aws)
    s3.put_bucket_acl(Bucket=bucket, ACL="log-delivery-write")
    groups = {grant["Grantee"].get("URI", "") for grant in s3.get_bucket_acl(Bucket=bucket)["Grants"]}
    assert "http://acs.amazonaws.com/groups/s3/LogDelivery" in groups
