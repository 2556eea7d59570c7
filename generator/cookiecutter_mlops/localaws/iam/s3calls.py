"""S3's requests: which actions on which bucket or objects they need, with the keys that open and close the objects.

S3's actions are not named as its operations, and bodies are data: so everything is read from address and headers.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

from cookiecutter_mlops.localaws.iam import keys
from cookiecutter_mlops.localaws.iam.calls import Call
from cookiecutter_mlops.localaws.iam.context import Values

# What a sub-resource of a bucket is called in actions.
_OF_BUCKET = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
_OF_OBJECT = {"acl": "Acl", "legal-hold": "LegalHold", "retention": "Retention", "tagging": "Tagging"}
_LISTS = {"uploads": "ListBucketMultipartUploads", "versions": "ListBucketVersions"}
_HEADERS = ("acl", "server-side-encryption", "server-side-encryption-aws-kms-key-id", "storage-class", "copy-source")


def of(environ: dict[str, Any], region: str, account: str) -> list[Call]:
    """Return everything that a request to S3 needs."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    bucket, _, key = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace").lstrip("/").partition("/")
    values = _context(environ, query)
    if not bucket:
        return [Call("s3:ListAllMyBuckets", "*", values)]
    if not key:
        return list(_bucket(environ, query, bucket, values))
    actions = [Call(f"s3:{action}", arn(bucket, key), values) for action in _object(environ, query)]
    return [
        *actions,
        *_copied(environ, values, region, account),
        *_sealed(environ, query, bucket, key, region, account),
    ]


def arn(bucket: str, key: str = "") -> str:
    """Return the ARN of a bucket or an object."""
    return f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")


def _bucket(environ: dict[str, Any], query: dict[str, str], bucket: str, values: Values) -> Iterator[Call]:
    method, found = environ["REQUEST_METHOD"], next((name for name in _OF_BUCKET if name in query), "")
    if method == "POST" and "delete" in query:
        from cookiecutter_mlops.localaws.iam.requests import body

        names = re.findall(rb"<Key>(.*?)</Key>", body(environ))
        version = "Version" if b"<VersionId>" in body(environ) else ""
        yield from (Call(f"s3:DeleteObject{version}", arn(bucket, name.decode()), values) for name in names)
    elif found:
        verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "DELETE": "Put"}[method]
        verb = "Delete" if method == "DELETE" and found in ("policy", "website") else verb
        yield Call(f"s3:{verb}{_OF_BUCKET[found]}", arn(bucket), values)
    elif method in ("PUT", "DELETE"):
        yield Call(f"s3:{'Create' if method == 'PUT' else 'Delete'}Bucket", arn(bucket), values)
    else:
        yield Call(f"s3:{next((a for n, a in _LISTS.items() if n in query), 'ListBucket')}", arn(bucket), values)


def _object(environ: dict[str, Any], query: dict[str, str]) -> list[str]:
    method, version = environ["REQUEST_METHOD"], "Version" if "versionId" in query else ""
    part = next((text for name, text in _OF_OBJECT.items() if name in query), "")
    if method in ("GET", "HEAD"):
        if "uploadId" in query:
            return ["ListMultipartUploadParts"]
        return [f"GetObject{version}{part}"]
    if method == "DELETE":
        return ["AbortMultipartUpload"] if "uploadId" in query else [f"DeleteObject{version}{part}"]
    if part:
        return [f"PutObject{version}{part}"]
    if method == "POST" and not {"uploads", "uploadId"} & query.keys():
        return ["RestoreObject"] if "restore" in query else ["GetObject"]
    more = {"HTTP_X_AMZ_TAGGING": "PutObjectTagging", "HTTP_X_AMZ_ACL": "PutObjectAcl"}
    return ["PutObject", *[action for header, action in more.items() if environ.get(header)]]


def _copied(environ: dict[str, Any], values: Values, region: str, account: str) -> Iterator[Call]:
    """A copy reads its source, too."""
    if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
        name, _, version = unquote(source).lstrip("/").partition("?versionId=")
        bucket, _, key = name.partition("/")
        yield Call("s3:GetObjectVersion" if version else "s3:GetObject", arn(bucket, key), values)
        yield from opened(bucket, key, region, account)


def _sealed(
    environ: dict[str, Any], query: dict[str, str], bucket: str, key: str, region: str, account: str
) -> Iterator[Call]:
    method = environ["REQUEST_METHOD"]
    if query.keys() & _OF_OBJECT.keys() or method == "DELETE":
        return
    if method in ("GET", "HEAD"):
        yield from missing(bucket, key, account) or opened(bucket, key, region, account)
        return
    named = environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID", "")
    plain = environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION") == "AES256"
    yield from closed(bucket, key, region, account, "" if plain else named) if not plain else ()
    if "uploadId" in query:  # S3 opens the parts that it joins
        yield from _with_key("kms:Decrypt", default_key(bucket, account), bucket, key, region, account)


def missing(bucket: str, key: str, account: str) -> list[Call]:
    """That an object is not there is told only to those who may list the bucket."""
    found = _find(bucket, account)
    there = found is None or key in found.keys
    return [] if there else [Call("s3:ListBucket", arn(bucket), {"s3:prefix": [""]})]


def opened(bucket: str, key: str, region: str, account: str) -> list[Call]:
    """Reading an object needs the key that it was closed with."""
    found = _find(bucket, account)
    stored = found.keys.get(key) if found else None
    sealed = getattr(stored, "kms_key_id", None) if getattr(stored, "encryption", None) == "aws:kms" else None
    return _with_key("kms:Decrypt", sealed or "", bucket, key, region, account)


def closed(bucket: str, key: str, region: str, account: str, named: str = "") -> list[Call]:
    """Writing an object needs the key that its request names, or the bucket's own."""
    return _with_key("kms:GenerateDataKey", named or default_key(bucket, account), bucket, key, region, account)


def _with_key(action: str, key: str, bucket: str, name: str, region: str, account: str) -> list[Call]:
    found = keys.arn(key, region, account)
    context = {
        "kms:viaservice": [f"s3.{region}.amazonaws.com"],
        "kms:calleraccount": [account],
        "kms:encryptioncontext:aws:s3:arn": [arn(bucket)],  # that of the bucket key, which all of them share
    }
    return [Call(action, found, context)] if found else []


def _find(bucket: str, account: str) -> Any:
    from moto.s3.models import s3_backends

    return s3_backends[account]["aws"].buckets.get(bucket)


def default_key(bucket: str, account: str) -> str:
    """Return the key that a bucket encrypts with, or nothing."""
    found = _find(bucket, account)
    rule = ((found.encryption or {}).get("Rule") or {}) if found else {}
    default = (rule[0] if isinstance(rule, list) else rule).get("ApplyServerSideEncryptionByDefault") or {}
    return default.get("KMSMasterKeyID") or "" if default.get("SSEAlgorithm") == "aws:kms" else ""


def _context(environ: dict[str, Any], query: dict[str, str]) -> Values:
    members = {"prefix": "prefix", "delimiter": "delimiter", "max-keys": "max-keys", "versionid": "versionId"}
    values = {f"s3:{key}": [query[name]] for key, name in members.items() if name in query}
    if "list-type" in query or (environ["REQUEST_METHOD"] == "GET" and not query):
        values.setdefault("s3:prefix", [""])
    headers = {name: environ.get("HTTP_X_AMZ_" + name.upper().replace("-", "_")) for name in _HEADERS}
    return values | {f"s3:x-amz-{name}": [value] for name, value in headers.items() if value}
