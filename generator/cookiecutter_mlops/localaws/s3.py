"""S3 where moto's would do harm: sub-resources that fall through to the bucket itself, and policies without conditions.

Without this, deleting an intelligent-tiering configuration deletes the bucket, and a policy that denies plain HTTP
denies every request.
"""

import contextlib
import json
import threading
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from moto.s3 import responses
from moto.s3.models import FakeBucket, FakeDeleteMarker, S3Backend

from cookiecutter_mlops.localaws import kms, objects
from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.iam.s3calls import default_key

# Sub-resources that are stored as they are sent; moto has none of them.
_STORED = ("intelligent-tiering", "metrics", "analytics", "inventory", "requestPayment")
# What they are where nobody sent them; the others are then missing.
_PAYER = "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>"
# Sub-resources that nobody has: moto takes a request for one of them for a request for the bucket.
_ABSENT = ("abac", "metadataConfiguration", "metadataTable", "session")
# What is true of every request here. The loopback address stands in for TLS, so that the same policies work.
_FACTS = {"aws:securetransport": "true", "s3:tlsversion": "1.3"}
# Sub-resources that moto checks and acts on, but of which it forgets parts: these are answered as they were sent.
_AS_SENT, _LEAST = ("lifecycle", "logging"), "x-amz-transition-default-minimum-object-size"
_CONDITIONAL = threading.Lock()
# Where versioning was suspended moto lets go of a key's versions, and has forgotten that a marker holds nothing.
FakeDeleteMarker.dispose = lambda _marker: None  # type: ignore[attr-defined]
_XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class S3Response(responses.S3Response):
    """moto's S3, with the sub-resources that it lacks."""

    def _bucket_response(self, request: Any, full_url: str) -> Any:
        if absent := [name for name in _ABSENT if name in self._get_querystring(request, full_url)]:
            raise NotEmulated(f"s3:{request.method} of a bucket's {absent[0]}")
        return super()._bucket_response(request, full_url)

    def _bucket_response_get(self, bucket_name: str, querystring: dict[str, Any]) -> Any:
        if kind := _stored(querystring):
            return self._get_stored(bucket_name, kind, querystring)
        answer = super()._bucket_response_get(bucket_name, querystring)
        if kind := _as_sent(querystring):
            return self._documents(bucket_name).get((kind, ""), answer)
        return self._with_event_bridge(answer, bucket_name) if "notification" in querystring else answer

    def _bucket_response_put(self, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        if kind := _stored(querystring):
            self._documents(bucket_name)[kind, _id(querystring)] = self.body
            return 200, {}, ""
        answer = super()._bucket_response_put(request, bucket_name, querystring)
        if kind := _as_sent(querystring):
            headers = {_LEAST: self.headers.get(_LEAST, "all_storage_classes_128K")} if kind == "lifecycle" else {}
            self._documents(bucket_name)[kind, ""] = 200, headers, self.body
        return answer

    def _bucket_response_delete(self, bucket_name: str, querystring: dict[str, Any]) -> Any:
        if kind := _stored(querystring):
            self._documents(bucket_name).pop((kind, _id(querystring)), None)
            return 204, {}, ""
        if _unknown(querystring):
            raise NotEmulated(f"DELETE of a bucket's {', '.join(_unknown(querystring))}")
        return super()._bucket_response_delete(bucket_name, querystring)

    def put_object(self) -> Any:
        """Put an object; of several who want to be the first (If-None-Match), as Terraform for its lock, one is."""
        self._refuse_unusable_key()
        is_conditional = self.headers.get("If-None-Match") or self.headers.get("If-Match")
        with _CONDITIONAL if is_conditional else contextlib.nullcontext():
            return super().put_object()

    def _refuse_unusable_key(self) -> None:
        """Refuse an object that is to be encrypted with a key that is disabled or pending deletion."""
        named = self.headers.get("x-amz-server-side-encryption-aws-kms-key-id")
        if key := named or default_key(self.bucket_name, self.current_account):
            kms.check_for_s3(self.current_account, self.region, key)

    def _documents(self, bucket_name: str) -> dict[tuple[str, str], Any]:
        """Return the stored sub-resources of a bucket; they live and die with it."""
        bucket: Any = self.backend.get_bucket(bucket_name)
        bucket.sub_resources = getattr(bucket, "sub_resources", {})
        return bucket.sub_resources

    def _get_stored(self, bucket_name: str, kind: str, querystring: dict[str, Any]) -> Any:
        document = self._documents(bucket_name).get((kind, _id(querystring)))
        if document is None and kind == "requestPayment":
            return 200, {}, _PAYER
        if document is None:
            text = "The specified configuration does not exist."
            return 404, {}, f"<Error><Code>NoSuchConfiguration</Code><Message>{text}</Message></Error>"
        return 200, {}, document

    def _with_event_bridge(self, answer: Any, bucket_name: str) -> Any:
        """Put back the empty element that moto's serialiser drops, and by which Terraform sees that events are on."""
        configuration = self.backend.get_bucket(bucket_name).notification_configuration
        if configuration is None or configuration.event_bridge is None:
            return answer
        body = answer[2].decode() if isinstance(answer[2], bytes) else answer[2]
        end, element = "</NotificationConfiguration>", "<EventBridgeConfiguration/>"
        if end not in body:
            body = f"<NotificationConfiguration {_XMLNS}>{end}"
        return answer[0], answer[1], body.replace(end, element + end)


def _stored(querystring: dict[str, Any]) -> str | None:
    return next((kind for kind in _STORED if kind in querystring), None)


def _as_sent(querystring: dict[str, Any]) -> str | None:
    return next((kind for kind in _AS_SENT if kind in querystring), None)


def _id(querystring: dict[str, Any]) -> str:
    return querystring.get("id", [""])[0]


def _unknown(querystring: dict[str, Any]) -> list[str]:
    """Return what a DELETE names besides what moto knows: it must not be taken for the bucket."""
    known = {"policy", "tagging", "website", "cors", "lifecycle", "publicAccessBlock", "encryption", "replication"}
    known |= {"ownershipControls", "x-id", "Action"}
    return [name for name, value in querystring.items() if name not in known and value == [""]]


def get_permission(bucket: Any, action: str, resource: str) -> Any:
    """Evaluate a bucket's policy, leaving out the statements whose condition does not hold."""
    from moto.iam.access_control import IAMPolicy, PermissionResult

    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    policy["Statement"] = [statement for statement in statements if _holds(statement.get("Condition", {}))]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


def _holds(condition: dict[str, dict[str, Any]]) -> bool:
    """Say whether a condition is met; one on anything but the transport counts as not met."""
    return all(
        _compare(operator, _FACTS.get(name.lower()), values if isinstance(values, list) else [values])
        for operator, names in condition.items()
        for name, values in names.items()
    )


def _compare(operator: str, fact: str | None, values: list[Any]) -> bool:
    if fact is None:
        return False
    if operator == "Bool":
        return fact in [str(value).lower() for value in values]
    if operator == "NumericLessThan":
        return any(float(fact) < float(value) for value in values)
    return False


def may_log(target_bucket: Any, target_prefix: str | None) -> bool:
    """Say whether a bucket's policy lets S3 write access logs there; moto's fails on principals that are a text."""
    wanted = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}"
    statements = json.loads(target_bucket.policy or "{}").get("Statement", [])
    return any(
        statement["Effect"] == "Allow"
        and isinstance(statement.get("Principal"), dict)
        and "logging.s3.amazonaws.com" in _listed(statement["Principal"].get("Service"))
        and any(fnmatchcase("s3:PutObject", action) for action in _listed(statement.get("Action")))
        and any(fnmatchcase(wanted, resource) for resource in _listed(statement.get("Resource")))
        for statement in _listed(statements)
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _without_empty_tags(tag: Callable[..., Any]) -> Callable[..., Any]:
    """Keep moto from announcing, with every object, the tags that nobody gave it."""

    def put_object_tagging(backend: Any, key: Any, tags: dict[str, str] | None) -> Any:
        return tag(backend, key, tags) if tags or backend.tagger.has_tags(key.arn) else key

    return put_object_tagging


def install() -> None:
    objects.install()
    # moto reloads its table of S3 addresses now and then, so the class is replaced where that table finds it.
    responses.S3Response = S3Response  # type: ignore[misc]
    S3Backend.put_object_tagging = _without_empty_tags(S3Backend.put_object_tagging)  # type: ignore[method-assign]
    FakeBucket._log_permissions_enabled_policy = staticmethod(may_log)  # type: ignore[method-assign]
    FakeBucket.get_permission = get_permission  # type: ignore[method-assign,assignment]
