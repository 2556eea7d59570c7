"""Buckets and image repositories."""

import json
from collections.abc import Callable

from tests.policy.plan import UNKNOWN, Plan, Resource, Statement
from tests.policy.rule import each, rule


def policy_of(bucket: Resource, plan: Plan) -> list[Statement]:
    """Return the statements of the bucket's policy, also of one that is written during apply."""
    policies = plan.beside(bucket, "aws_s3_bucket_policy", "bucket")
    places = tuple(
        f"{policy.module}.data." if policy.values.get("policy") == UNKNOWN else policy.address for policy in policies
    )
    return [statement for statement in plan.statements if places and statement.address.startswith(places)]


def denies(bucket: Resource, plan: Plan, of: Callable[[Statement], bool]) -> bool:
    """Tell whether the bucket's policy denies everybody something on all objects."""
    return any(
        not statement.allows
        and statement.principals("AWS") == ["*"]
        and any(resource.endswith(("/*", UNKNOWN)) for resource in statement.resources)
        and of(statement)
        for statement in policy_of(bucket, plan)
    )


def encryption_of(bucket: Resource, plan: Plan) -> dict:
    """Return the encryption rule of a bucket, flat; {} where it has none."""
    found = plan.beside(bucket, "aws_s3_bucket_server_side_encryption_configuration", "bucket")
    rules = list(found[0].values["rule"]) if found else []
    return rules[0] | (rules[0]["apply_server_side_encryption_by_default"] or [{}])[0] if rules else {}


def receives_access_logs(bucket: Resource, plan: Plan) -> bool:
    """Tell whether S3 delivers access logs here, which it only does to buckets with its own key (SSE-S3)."""
    targets = {logging.values.get("target_bucket") for logging in plan.of("aws_s3_bucket_logging")}
    return bool(targets & {bucket.values.get("bucket"), bucket.values.get("id")})


@rule(each("aws_s3_bucket"))
def bucket_refuses_plain_http(bucket: Resource, plan: Plan) -> str | None:
    """Buckets answer over TLS only."""
    of = lambda statement: statement.condition("aws:SecureTransport") == {"Bool": ["false"]}  # noqa: E731
    return None if denies(bucket, plan, of) else "its policy does not deny aws:SecureTransport = false"


@rule(each("aws_s3_bucket"))
def bucket_refuses_old_tls(bucket: Resource, plan: Plan) -> str | None:
    """Buckets answer over TLS 1.2 or newer only."""
    of = lambda statement: statement.condition("s3:TlsVersion") == {"NumericLessThan": ["1.2"]}  # noqa: E731
    return None if denies(bucket, plan, of) else "its policy does not deny s3:TlsVersion < 1.2"


@rule(each("aws_s3_bucket"))
def bucket_has_a_customer_managed_key(bucket: Resource, plan: Plan) -> str | None:
    """Buckets encrypt with a customer-managed key, except those that receive access logs, where S3 allows none."""
    encryption = encryption_of(bucket, plan)
    if receives_access_logs(bucket, plan):
        return None if encryption.get("sse_algorithm") == "AES256" else "receives access logs, so it needs SSE-S3"
    algorithm = encryption.get("sse_algorithm", "")
    with_key = algorithm.startswith(("aws:kms", UNKNOWN)) and encryption.get("kms_master_key_id")
    return None if with_key else f"is encrypted by {algorithm or 'S3 alone'} without a key of ours"


@rule(each("aws_s3_bucket"))
def bucket_uses_a_bucket_key(bucket: Resource, plan: Plan) -> str | None:
    """Buckets with a key use a bucket key: one KMS request an hour and not one per object of 80 TB."""
    encryption = encryption_of(bucket, plan)
    with_key = encryption.get("kms_master_key_id")
    return (
        "bucket_key_enabled is off"
        if with_key and encryption.get("bucket_key_enabled") not in (True, UNKNOWN)
        else None
    )


@rule(each("aws_s3_bucket"))
def bucket_refuses_other_keys(bucket: Resource, plan: Plan) -> str | None:
    """Buckets refuse an object that is to be encrypted with another key than theirs."""
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    if encryption_of(bucket, plan).get("kms_master_key_id") == UNKNOWN:
        return None  # whether there is a statement depends on the key, so it is in no plan before the key is
    denied = denies(bucket, plan, lambda s: s.covers("s3:PutObject") and "StringNotEquals" in s.condition(header))
    return None if denied or receives_access_logs(bucket, plan) else f"its policy does not deny another {header}"


@rule(each("aws_s3_bucket"))
def bucket_keeps_versions(bucket: Resource, plan: Plan) -> str | None:
    """Buckets keep the versions before, so that an overwritten snapshot or model can be restored."""
    found = plan.beside(bucket, "aws_s3_bucket_versioning", "bucket")
    status = found[0].one("versioning_configuration").get("status") if found else None
    return None if status == "Enabled" else f"versioning is {status}"


def lifecycle_rules(bucket: Resource, plan: Plan) -> list[dict]:
    found = plan.beside(bucket, "aws_s3_bucket_lifecycle_configuration", "bucket")
    return [rule for each in found for rule in each.values["rule"] if rule["status"] == "Enabled"]


@rule(each("aws_s3_bucket"))
def bucket_expires_old_versions(bucket: Resource, plan: Plan) -> str | None:
    """Versions that were replaced expire, or 80 TB become 160."""
    expires = any(rule["noncurrent_version_expiration"] for rule in lifecycle_rules(bucket, plan))
    return None if expires else "replaced versions stay for ever"


@rule(each("aws_s3_bucket"))
def bucket_aborts_unfinished_uploads(bucket: Resource, plan: Plan) -> str | None:
    """Parts of uploads that never ended are removed."""
    aborts = any(rule["abort_incomplete_multipart_upload"] for rule in lifecycle_rules(bucket, plan))
    return None if aborts else "parts of unfinished uploads stay for ever"


@rule(each("aws_s3_bucket"))
def bucket_blocks_public_access(bucket: Resource, plan: Plan) -> str | None:
    """Buckets block public access in all four ways, and have no access lists."""
    blocks = plan.beside(bucket, "aws_s3_bucket_public_access_block", "bucket")
    kinds = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    open_ = [kind for kind in kinds if not blocks or blocks[0].values.get(kind) is not True]
    owners = plan.beside(bucket, "aws_s3_bucket_ownership_controls", "bucket")
    acl_free = bool(owners) and owners[0].one("rule").get("object_ownership") == "BucketOwnerEnforced"
    missing = open_ + ([] if acl_free else ["BucketOwnerEnforced"])
    return f"lacks {', '.join(missing)}" if missing else None


@rule(each("aws_s3_bucket"))
def bucket_logs_access(bucket: Resource, plan: Plan) -> str | None:
    """Access to buckets is logged, except to the bucket that holds these logs."""
    logged = plan.beside(bucket, "aws_s3_bucket_logging", "bucket") or receives_access_logs(bucket, plan)
    return None if logged else "its access is not logged"


@rule(each("aws_ecr_repository"))
def image_repository_is_immutable_and_scanned(repository: Resource, plan: Plan) -> str | None:
    """A tag never means another image, and every image is scanned when it is pushed."""
    if repository.values.get("image_tag_mutability") != "IMMUTABLE":
        return f"image_tag_mutability is {repository.values.get('image_tag_mutability')}"
    return (
        None if repository.one("image_scanning_configuration").get("scan_on_push") is True else "images are not scanned"
    )


@rule(each("aws_ecr_repository"))
def image_repository_has_a_lifecycle(repository: Resource, plan: Plan) -> str | None:
    """Images that nothing names expire."""
    policies = plan.beside(repository, "aws_ecr_lifecycle_policy", "repository")
    expires = any(json.loads(policy.values["policy"])["rules"] for policy in policies)
    return None if expires else "no image ever expires"
