"""Data capture: a sample of an endpoint's requests and answers, written to S3 in SageMaker's format.

SageMaker collects records for some minutes; here each is in a file of its own at once, under the same folders by hour.
"""

import base64
import json
import logging
import random
import uuid
from typing import Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.sagemaker import storage
from cookiecutter_mlops.localaws.sagemaker.serving import Fleet

log = logging.getLogger(__name__)
Message = tuple[str, bytes]  # content type and body


def record(account: str, fleet: Fleet, place: str, metadata: dict[str, Any], request: Message, answer: Message) -> None:
    """Write one record, if it is drawn; `place` is endpoint/variant, `metadata` what the caller said of its request.

    A failure is logged, never the caller's.
    """
    config = fleet.capture
    is_drawn = random.uniform(0, 100) < config.get("InitialSamplingPercentage", 0)  # noqa: S311
    if not is_drawn or not config.get("EnableCapture", True):
        return
    now, event = clock.now(), str(uuid.uuid4())
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    captured = {
        f"endpoint{mode}": _message(config, mode.upper(), *message)
        for mode, message in (("Input", request), ("Output", answer))
        if {mode, "InputAndOutput"} & modes
    }
    metadata = {"eventId": event, **metadata, "inferenceTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    line = {"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}
    name = f"{place}/{now:%Y/%m/%d/%H/%M-%S}-{now.microsecond // 1000:03}-{event}.jsonl"
    try:
        with fleet.acting():
            address = f"{config['DestinationS3Uri'].rstrip('/')}/{name}"
            storage.write(account, address, json.dumps(line).encode() + b"\n")
    except Exception:
        log.exception("capture of %s", place)


def _message(config: dict[str, Any], mode: str, content_type: str, body: bytes) -> dict[str, str]:
    """Return one direction of a record: as text for the content types that the configuration names, else in base64."""
    header = config.get("CaptureContentTypeHeader") or {}
    kind = content_type.partition(";")[0].strip()
    encoding = next(
        (name.upper() for name in ("Csv", "Json") if kind in header.get(f"{name}ContentTypes", [])), "BASE64"
    )
    data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode(errors="replace")
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}
