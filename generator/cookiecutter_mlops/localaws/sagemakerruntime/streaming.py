"""The event stream in which InvokeEndpointWithResponseStream answers.

A message is its lengths, their CRC, headers, payload and the CRC of all that:
https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html. Here a part ends where a server-sent event does, and
all parts come together, once the container has said everything.
"""

import re
import struct
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_TEXT = 7  # the type of a header's value
_HEADERS = {":message-type": "event", ":event-type": "PayloadPart", ":content-type": "application/octet-stream"}


def messages(body: bytes) -> bytes:
    """Return a container's answer as messages with a payload part each."""
    return b"".join(_message(part) for part in re.findall(rb".+?(?:\n\n|\Z)", body, re.DOTALL))


def _message(payload: bytes) -> bytes:
    headers = b"".join(_header(name.encode(), value.encode()) for name, value in _HEADERS.items())
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    content = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return content + struct.pack(">I", crc32(content))


def _header(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">BH", _TEXT, len(value)) + value
