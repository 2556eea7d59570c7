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


@pytest.mark.parametrize(
    ("operation", "members", "code"),
    [
        ("put_object", {"StorageClass": "COLD"}, "InvalidStorageClass"),
        ("put_object", {"ServerSideEncryption": "rot13"}, "InvalidEncryptionAlgorithmError"),
        ("create_multipart_upload", {"ACL": "everybody"}, "InvalidArgument"),
        ("get_object", {"RequestPayer": "somebody"}, "InvalidArgument"),
        ("copy_object", {"CopySource": "{}/key", "MetadataDirective": "KEEP"}, "InvalidArgument"),
        ("put_object_tagging", {"Tagging": {"TagSet": [{"Key": ""}]}}, "MalformedXML"),
        ("put_object_retention", {"Retention": {"Mode": "FOREVER"}}, "MalformedXML"),
    ],
)
def test_request_for_an_object_is_held_to_the_model(aws: Aws, operation: str, members: Any, code: str) -> None:
    bucket = new_bucket(aws, key="content")
    given = {name: value.format(bucket) if name == "CopySource" else value for name, value in members.items()}
    with pytest.raises(ClientError, match="failed to satisfy constraint") as caught:
        getattr(aws.client("s3", checked=False), operation)(Bucket=bucket, Key="key", **given)
    assert caught.value.response["Error"]["Code"] == code
    assert aws.client("s3").get_object(Bucket=bucket, Key="key")["Body"].read() == b"content"


def test_documents_of_objects_that_fit_pass(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), new_bucket(aws, one="1", two="2")
    upload = {"Bucket": bucket, "Key": "joined"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, StorageClass="STANDARD_IA")["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"whole")
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    s3.put_object_tagging(Bucket=bucket, Key="joined", Tagging={"TagSet": [{"Key": "kind", "Value": ""}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="joined")["TagSet"] == [{"Key": "kind", "Value": ""}]
    assert s3.get_object(Bucket=bucket, Key="joined")["Body"].read() == b"whole"
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "one"}, {"Key": "two"}]})["Deleted"]
    assert {item["Key"] for item in gone} == {"one", "two"}


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


def test_bucket_with_a_delete_marker_is_emptied_after_its_versioning_was_suspended(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), new_bucket(aws, a="1")
    s3.delete_object(Bucket=bucket, Key="a")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    found = s3.list_object_versions(Bucket=bucket)
    objects = [{"Key": "a", "VersionId": one["VersionId"]} for one in found["Versions"] + found["DeleteMarkers"]]
    assert "Errors" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    s3.delete_bucket(Bucket=bucket)
