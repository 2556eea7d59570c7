"""The errors of SageMaker runtime."""

import json
from typing import Any

Answer = tuple[int, dict[str, Any], bytes]


def error(status: int, code: str, message: str, **members: Any) -> Answer:
    """Return an error as the REST protocol writes it: code in a header, members in the body."""
    headers = {"x-amzn-errortype": code, "Content-Type": "application/json", "status": status}
    return status, headers, json.dumps({"Message": message, "message": message, **members}).encode()


def validation_error(message: str) -> Answer:
    """Return what AWS answers to a request that it does not pass on."""
    return error(400, "ValidationError", message)


def model_error(status: int, body: bytes, group_arn: str) -> Answer:
    """Return what AWS answers when the container said anything but 2xx."""
    text = body.decode(errors="replace")
    side = "client" if 400 <= status < 500 else "server"
    message = (
        f'Received {side} error ({status}) from primary with message "{text}". See {group_arn} for more information.'
    )
    members = {"OriginalStatusCode": status, "OriginalMessage": text, "LogStreamArn": group_arn}
    return error(424, "ModelError", message, **members)
