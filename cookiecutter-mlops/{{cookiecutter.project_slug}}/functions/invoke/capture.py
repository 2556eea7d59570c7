"""Writes requests and answers to S3 in the format, and under the hours, of SageMaker's own data capture.

Only for endpoints that SageMaker does not capture for (serverless, asynchronous), and only a share of the requests.
The answer of an asynchronous endpoint comes later, so only its request is captured.
"""

import json
import logging
import os
import random
import uuid
from datetime import UTC, datetime

log = logging.getLogger()
KIND = "application/json"


def record(client, key, request, answer):
    """Write one request, if it is drawn; a failure is logged, never the caller's."""
    place = os.environ.get("CAPTURE_S3_URI")
    if not place or random.uniform(0, 100) >= float(os.environ["CAPTURE_PERCENTAGE"]):  # noqa: S311  # nosec B311
        return
    now, event = datetime.now(UTC), str(uuid.uuid4())
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    name = f"{prefix}{now:%Y/%m/%d/%H/%M-%S}-{now.microsecond // 1000:03}-{event}.jsonl"
    try:
        body = json.dumps(line(key, event, now, request, answer)).encode() + b"\n"
        client("s3").put_object(Bucket=bucket, Key=name, Body=body, ContentType=KIND)
    except Exception:
        log.exception("capture")


def line(key, event, now, request, answer):
    """One line of a capture file."""
    captured = {
        f"endpoint{mode}": {"observedContentType": KIND, "mode": mode.upper(), "data": data, "encoding": "JSON"}
        for mode, data in (("Input", request), ("Output", answer))
        if data is not None
    }
    metadata = {"eventId": event, "inferenceId": key, "inferenceTime": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    return {"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}
