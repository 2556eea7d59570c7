"""Writes requests and answers to S3 in the format, and under the hours, of SageMaker's own data capture.

Only for endpoints that SageMaker does not capture for, and only a share of the requests. A serverless endpoint's answer
is captured at once. An asynchronous endpoint's request waits under `pending/` until S3 tells that its answer is there.
"""

import hashlib
import json
import logging
import os
import time
import uuid
from datetime import UTC, datetime

from botocore.exceptions import ClientError

log = logging.getLogger()
KIND = "application/json"
WAIT_SECONDS = (0, 1, 2, 4)  # an answer may be there before its request was written down


def record(client, key, request, answer):
    """Write one request with its answer, if it is drawn; a failure is logged, never the caller's."""
    if drawn(key):
        _safely(lambda: _write(client, line(key, request, answer)))


def expect(client, key, request, output):
    """Remember a request whose answer will be at an S3 address."""
    if drawn(output):
        _safely(lambda: put(client, *pending(*split(output)), line(key, request, None)))


def complete(client, bucket, output):
    """Write a request that waited, with the answer that S3 tells of; others asked this endpoint, too."""
    if not drawn(f"s3://{bucket}/{output}"):
        return None
    _, key = pending(bucket, output)
    for seconds in WAIT_SECONDS:
        time.sleep(seconds)
        if (waiting := get(client, bucket, key)) is not None:
            captured = json.loads(waiting)
            captured["captureData"] |= of(Output=get(client, bucket, output))
            _write(client, captured)
            client("s3").delete_object(Bucket=bucket, Key=key)
            return key
    return None


def drawn(key):
    """Whether a request is captured: the same answer when it is asked and when it is answered."""
    share = float(os.environ.get("CAPTURE_PERCENTAGE", "0")) / 100
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "big") < share * 2**32


def line(key, request, answer):
    """One line of a capture file."""
    metadata = {"eventId": str(uuid.uuid4()), "inferenceId": key}
    metadata["inferenceTime"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {"captureData": of(Input=request, Output=answer), "eventMetadata": metadata, "eventVersion": "0"}


def of(**messages):
    """The directions of a request that are known."""
    return {
        f"endpoint{mode}": {"observedContentType": KIND, "mode": mode.upper(), "data": data, "encoding": "JSON"}
        for mode, data in messages.items()
        if data is not None
    }


def split(uri):
    """Bucket and key of `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def pending(bucket, output):
    """Where the request of an answer waits: `…/output/x.out` becomes `…/pending/x.out.json`."""
    folder, _, name = output.rpartition("/")
    return bucket, f"{folder.rpartition('/')[0]}/pending/{name}.json"


def put(client, bucket, key, content):
    """Write a line of JSON to S3."""
    client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(content).encode() + b"\n", ContentType=KIND)


def get(client, bucket, key):
    """The text of an object, or None where there is none; S3 hides that from a role that may not list."""
    try:
        return client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "AccessDenied"):
            raise
        return None


def _write(client, captured):
    now, event = datetime.now(UTC), captured["eventMetadata"]["eventId"]
    bucket, prefix = split(os.environ["CAPTURE_S3_URI"])
    put(client, bucket, f"{prefix}{now:%Y/%m/%d/%H/%M-%S}-{now.microsecond // 1000:03}-{event}.jsonl", captured)


def _safely(write):
    try:
        write()
    except Exception:
        log.exception("capture")
