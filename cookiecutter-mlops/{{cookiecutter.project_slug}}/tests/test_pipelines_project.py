"""A busy AWS is asked again, with growing and random pauses, by every script's clients."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipelines import project


@pytest.fixture
def throttling() -> Iterator[ThreadingHTTPServer]:
    """An SSM that is too busy for the first two calls."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            server.calls += 1  # type: ignore[attr-defined]
            busy = server.calls <= 2  # type: ignore[attr-defined]
            answer = {"__type": "ThrottlingException"} if busy else {"Parameter": {"Value": "{}"}}
            self.send_response(400 if busy else 200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Tell nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.calls = 0  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_throttled_call_is_made_again(throttling: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch):
    variables = {"ENDPOINT_URL": f"http://127.0.0.1:{throttling.server_port}", "REGION": "eu-west-1"}
    for name, value in (variables | {"ACCESS_KEY_ID": "none", "SECRET_ACCESS_KEY": "none"}).items():
        monkeypatch.setenv(f"AWS_{name}", value)
    answer = project.client.__wrapped__("ssm").get_parameter(Name="/wages/training")
    assert (answer["Parameter"]["Value"], throttling.calls) == ("{}", 3)
