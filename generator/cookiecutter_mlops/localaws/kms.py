"""KMS: a key that is disabled or waits for its deletion does nothing any more, and knows how often it is rotated."""

import json
from collections.abc import Callable
from typing import Any

from moto.kms.models import kms_backends
from moto.kms.responses import KmsResponse as MotoKmsResponse
from moto.s3.exceptions import S3ClientError

from cookiecutter_mlops.localaws import extension
from cookiecutter_mlops.localaws.extension import AwsError

# What needs an enabled key, and what a disabled one allows too, but not one that is pending deletion.
_USES = ("encrypt", "generate_data_key", "generate_data_key_without_plaintext", "sign", "verify", "generate_mac")
_CHANGES = ("enable_key", "disable_key", "enable_key_rotation", "create_grant", "create_alias", "tag_resource")

_YEAR = 365  # days, if nobody says otherwise


class KmsResponse(MotoKmsResponse):
    def decrypt(self) -> str:
        key = self._get_param("KeyId") or _key_of(self._get_param("CiphertextBlob"))
        refuse_unusable(self.kms_backend, key, may_be_disabled=False)
        return super().decrypt()

    def enable_key_rotation(self) -> str:
        answer = super().enable_key_rotation()
        self._key().rotation_period = self._get_param("RotationPeriodInDays") or _YEAR
        return answer

    def get_key_rotation_status(self) -> str:
        status = json.loads(super().get_key_rotation_status())
        if status["KeyRotationEnabled"]:
            status["RotationPeriodInDays"] = getattr(self._key(), "rotation_period", _YEAR)
        return json.dumps({"KeyId": self._key().arn} | status)

    def _key(self) -> Any:
        return self.kms_backend.describe_key(self._get_param("KeyId"))


def _key_of(blob: bytes) -> str:
    """Return the key that moto wrote in front of what it encrypted."""
    return blob[:36].decode(errors="replace")


def refuse_unusable(backend: Any, key_id: str, may_be_disabled: bool) -> None:
    """Raise AWS's error for a key that its state keeps from being used; a key that is not there is moto's to refuse."""
    key = backend.keys.get(backend.any_id_to_key_id(key_id)) if key_id else None
    if key and key.key_state == "PendingDeletion":
        raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if key and key.key_state == "Disabled" and not may_be_disabled:
        raise AwsError("DisabledException", f"{key.arn} is disabled.")


def check_for_s3(account: str, region: str, key_id: str) -> None:
    """Raise what S3 says when the key of an object cannot be used."""
    try:
        refuse_unusable(kms_backends[account][region], key_id, may_be_disabled=False)
    except AwsError as error:
        raise S3ClientError(f"KMS.{error.code}", error.message) from None


def _checking(operation: str, member: str, may_be_disabled: bool) -> Callable[[Any], Any]:
    unchecked = getattr(KmsResponse, operation)

    def method(response: Any) -> Any:
        refuse_unusable(response.kms_backend, response._get_param(member), may_be_disabled)
        return unchecked(response)

    method.__name__ = operation
    return method


for name in _USES:
    setattr(KmsResponse, name, _checking(name, "KeyId", may_be_disabled=False))
for name in _CHANGES:
    setattr(KmsResponse, name, _checking(name, "TargetKeyId" if name == "create_alias" else "KeyId", True))


def install() -> None:
    extension.swap_responses("kms", KmsResponse)
