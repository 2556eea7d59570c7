"""What S3 tells about objects: to EventBridge in the shape that AWS sends, and to functions, queues and topics.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

import itertools
import json
import uuid
from collections.abc import Callable
from typing import Any

from cookiecutter_mlops.localaws import clock, delivery, extension, runtime

# Detail type and reason by moto's name of an event; what is not here is told to nobody.
_CREATED, _DELETED = "Object Created", "Object Deleted"
_KINDS = {
    "ObjectCreated:Put": (_CREATED, "PutObject"),
    "ObjectCreated:Post": (_CREATED, "POST Object"),
    "ObjectCreated:Copy": (_CREATED, "CopyObject"),
    "ObjectCreated:CompleteMultipartUpload": (_CREATED, "CompleteMultipartUpload"),
    "ObjectRemoved:Delete": (_DELETED, "DeleteObject"),
    "ObjectRemoved:DeleteMarkerCreated": (_DELETED, "DeleteObject"),
    "ObjectTagging:Put": ("Object Tags Added", ""),
    "ObjectTagging:Delete": ("Object Tags Deleted", ""),
    "ObjectAcl:Put": ("Object ACL Updated", ""),
}
_NUMBERS = itertools.count()


def to_event_bridge(account: str, bucket: Any, event_name: str, key: Any) -> None:
    """Put an object's event on the default bus."""
    name = str(getattr(event_name, "value", event_name)).removeprefix("s3:")
    if name in _KINDS:
        detail_type, reason = _KINDS[name]
        detail = _detail(account, bucket, key, reason)
        if detail_type == _DELETED:
            marker = name.endswith("DeleteMarkerCreated")
            detail["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
        runtime.put_event(account, bucket.region_name, "aws.s3", detail_type, detail, [bucket.arn])


def _detail(account: str, bucket: Any, key: Any, reason: str) -> dict[str, Any]:
    described: dict[str, Any] = {"key": key.name}
    if getattr(key, "etag", None):
        described |= {"size": key.size, "etag": key.etag.replace('"', "")}
    if bucket.is_versioned and key.version_id:
        described["version-id"] = str(key.version_id)
    described["sequencer"] = f"{int(clock.time() * 1000):012X}{next(_NUMBERS) % 16**4:04X}"
    detail = {"version": "0", "bucket": {"name": bucket.name}, "object": described}
    detail |= {"request-id": uuid.uuid4().hex[:16].upper(), "requester": account, "source-ip-address": "127.0.0.1"}
    return detail | ({"reason": reason} if reason else {})


def _direct(account: str, body: Any, arn: str, region: str) -> None:
    """Tell a function, queue or topic that a bucket's own configuration names; the first thing is a test event."""
    bucket = body["Records"][0]["s3"]["bucket"]["arn"] if "Records" in body else f"arn:aws:s3:::{body['Bucket']}"
    delivery.deliver(delivery.Sender("s3.amazonaws.com", bucket), {"Arn": arn}, json.dumps(body))


def _to_queue(account: str, body: Any, name: str, region: str) -> None:
    _direct(account, body, f"arn:aws:sqs:{region}:{account}:{name}", region)


def _once(send: Callable[..., Any]) -> Callable[..., Any]:
    """Tell of a completed upload only that it is complete; moto says first that the object was put."""

    def send_event(account: str, event_name: Any, bucket: Any, key: Any) -> None:
        if event_name != "s3:ObjectCreated:Put" or not getattr(key, "multipart", None):
            send(account, event_name, bucket, key)

    return send_event


def _marking(mark: Callable[..., Any]) -> Callable[..., Any]:
    """Tell of delete markers too, of which moto says nothing."""

    def set_delete_marker(backend: Any, bucket_name: str, key_name: str) -> Any:
        marker = mark(backend, bucket_name, key_name)
        bucket = backend.get_bucket(bucket_name)
        if bucket.notification_configuration and bucket.notification_configuration.event_bridge is not None:
            to_event_bridge(backend.account_id, bucket, "s3:ObjectRemoved:DeleteMarkerCreated", marker)
        return marker

    return set_delete_marker


def install() -> None:
    from moto.s3 import models, notifications

    extension.executes(
        "s3", "put_object", "copy_object", "delete_object", "put_object_tagging", "delete_object_tagging"
    )
    seams: Any = notifications
    seams._send_event_bridge_message = to_event_bridge
    seams._invoke_awslambda = seams._send_sns_message = _direct
    seams._send_sqs_message = _to_queue
    seams.send_event = _once(seams.send_event)
    backend: Any = models.S3Backend
    backend._set_delete_marker = _marking(backend._set_delete_marker)
