"""Objects and their buckets: what policies of roles and of buckets allow, and what a missing object tells."""

from tests.localaws.iam.conftest import allow, deny, document, refusal, words


def test_deny_in_a_bucket_policy_stops_the_administrator_too(strict):
    bucket = strict.bucket()
    statement = deny("s3:DeleteBucket", f"arn:aws:s3:::{bucket}", Principal="*")
    strict.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(statement))
    error = refusal(strict.client("s3").delete_bucket, Bucket=bucket)
    assert words(error)[1].endswith("with an explicit deny in a resource-based policy")


def test_bucket_policy_that_wants_tls_is_met(strict):
    bucket = strict.bucket()
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    old = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statements = [deny("s3:*", resources, Principal="*", Condition=condition) for condition in (plain, old)]
    strict.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(*statements))
    strict.client("s3").put_object(Bucket=bucket, Key="a", Body=b"1")
    assert strict.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_object_that_is_missing_is_told_only_to_those_who_may_list(strict):
    bucket = strict.bucket()
    reads = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    error = refusal(strict.role(reads).client("s3").get_object, Bucket=bucket, Key="none")
    assert "s3:ListBucket" in words(error)[1]
    lists = allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    error = refusal(strict.role(reads, lists).client("s3").get_object, Bucket=bucket, Key="none")
    assert words(error)[0] == "NoSuchKey"


def test_listing_is_limited_to_a_prefix_by_a_condition(strict):
    bucket = strict.bucket()
    only = {"StringLike": {"s3:prefix": "in/*"}}
    s3 = strict.role(allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition=only)).client("s3")
    s3.list_objects_v2(Bucket=bucket, Prefix="in/2026")
    assert words(refusal(s3.list_objects_v2, Bucket=bucket))[0] == "AccessDenied"


def test_several_objects_are_deleted_only_if_each_may_be(strict):
    bucket = strict.bucket()
    s3 = strict.role(allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/mine/*")).client("s3")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "mine/1"}, {"Key": "mine/2"}]})
    error = refusal(s3.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": "mine/1"}, {"Key": "yours"}]})
    assert f'"arn:aws:s3:::{bucket}/yours"' in words(error)[1]


def test_copy_needs_to_read_its_source(strict):
    source, target = strict.bucket(), strict.bucket()
    strict.client("s3").put_object(Bucket=source, Key="a", Body=b"1")
    writes = allow("s3:PutObject", f"arn:aws:s3:::{target}/*")
    copy = {"Bucket": target, "Key": "b", "CopySource": {"Bucket": source, "Key": "a"}}
    assert "s3:GetObject on" in words(refusal(strict.role(writes).client("s3").copy_object, **copy))[1]
    reads = allow("s3:GetObject", f"arn:aws:s3:::{source}/*")
    strict.role(writes, reads).client("s3").copy_object(**copy)
