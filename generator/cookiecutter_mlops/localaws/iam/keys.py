"""KMS keys as other services use them: by id, alias or ARN, in the name of whoever asked the service."""

from typing import Any


def arn(key: str, region: str, account: str) -> str:
    """Return a key's ARN by id, alias or ARN; empty for a key that AWS manages, or that is not there."""
    from moto.kms.models import kms_backends

    if not key or "alias/aws/" in key:
        return ""
    backend: Any = kms_backends[account][region]
    found = backend.get_key_id_from_alias(_alias(key)) if "alias/" in key else key.rpartition("/")[2]
    return backend.keys[found].arn if found in backend.keys else ""


def _alias(key: str) -> str:
    return key[key.index("alias/") :]
