"""What is known of a request while it is answered, and the lines that the log gets: one JSON object each, no payload.

A share of the requests is logged (ACCESS_LOG_SHARE, from 0 to 1), and every one that gets an error.
"""

import json
import os
import random
import re
import time
from typing import Any

SHARE = float(os.environ.get("ACCESS_LOG_SHARE", "0.01"))
ID = re.compile(rb"[!-~]{1,64}")
IDS = (b"x-request-id", b"x-amzn-sagemaker-inference-id")


def say(event: str, **facts: Any) -> None:
    """One line to the log."""
    print(json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "event": event, **facts}), flush=True)


class Request:
    """Method, path, headers and name of a request, and how long it took."""

    __slots__ = ("begin", "headers", "id", "method", "path", "received")

    def __init__(self, scope: dict[str, Any]) -> None:
        self.begin, self.received = time.perf_counter(), 0
        self.method, self.path = scope["method"], scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.id = self._name()

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    def done(self, status: int, sent: int) -> None:
        """Write the line, for an error or for one of the sample."""
        if status >= 400 or random.random() < SHARE:  # noqa: S311  # nosec B311
            taken = round((time.perf_counter() - self.begin) * 1000, 3)
            say("request", request_id=self.id, method=self.method, path=self.path[:80], status=status, ms=taken,
                received=self.received, sent=sent)  # fmt: skip

    def _name(self) -> str:
        """The caller's own, where it is one; otherwise one that no other request of this server has."""
        for name in IDS:
            given = self.headers.get(name)
            if given and ID.fullmatch(given):
                return given.decode()
        return f"{random.getrandbits(64):016x}"  # forked workers have seeds of their own  # nosec B311
