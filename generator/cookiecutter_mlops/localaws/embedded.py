"""What the embedded AWS answers about itself, under `/_embedded/`: JSON in, JSON out, 400 and a sentence for a mistake.

GET shows something, POST changes it, DELETE clears it; `mlops local` speaks to it with `ask`.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import clock, extension

Methods = dict[str, Callable[[dict[str, Any]], Any]]


def route(name: str, methods: Methods) -> None:
    """Answer `/_embedded/<name>` with a function for each HTTP method, which gets the request's JSON object."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return _answer(methods, Request(environ))(environ, start_response)

    extension.register_route(f"/_embedded/{name}", application)


def _answer(methods: Methods, request: Request) -> Response:
    try:
        if request.method not in methods:
            raise ValueError(f"{request.path}: knows {', '.join(methods)} (got: {request.method})")
        body = json.loads(request.get_data() or b"{}")
        if not isinstance(body, dict):
            raise ValueError(f"{request.path}: takes a JSON object (got: {type(body).__name__})")
        status, answer = 200, methods[request.method](body)
    except (ValueError, TypeError) as error:
        status, answer = 400, {"message": str(error)}
    return Response(json.dumps(answer), status, content_type="application/json")


def ask(url: str, name: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
    """Send a request to `/_embedded/<name>` of a running embedded AWS; raise MlopsError with its sentence."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{url}/_embedded/{name}", data, method=method)  # noqa: S310 loopback only
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise MlopsError(json.load(error)["message"]) from None


def install() -> None:
    route("health", {"GET": lambda _: {"pid": os.getpid()}})  # so that a stale `server.json` is found out
    route("clock", {"GET": lambda _: clock.state(), "POST": clock.change})
