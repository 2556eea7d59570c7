"""The embedded AWS in the foreground: `python -m cookiecutter_mlops.localaws.server --port 0 --home .mlops/local`.

One process, loopback only. Requests go to moto or to what extends it; what nobody implements is answered 501 at once.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")  # before moto reads it

from moto.moto_server.werkzeug_app import (
    BackendRequest,
    DomainDispatcherApplication,
    MotoRequestHandler,
)
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import (
    clock,
    embedded,
    extension,
    faults,
    lock,
    refusals,
    runtime,
    services,
    snapshot,
    validation,
)
from cookiecutter_mlops.localaws.iam import authorization
from cookiecutter_mlops.localaws.iam.enforcement import Guarded

Start = Callable[..., Any]


class Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher, with services and routes that moto lacks and with honest errors."""

    def __init__(self, create_app: Callable[[Any], Any]) -> None:
        super().__init__(create_app)
        self._backends: dict[str | None, Any] = {}

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        for prefix, application in extension.ROUTES.items():
            if environ.get("PATH_INFO", "").startswith(prefix):
                return application(environ, start_response)
        service = refusals.service(environ)
        try:
            if service in extension.SERVICES:
                request = BackendRequest(environ)
                status, headers, body = extension.SERVICES[service].dispatch(
                    request, request.url, dict(request.headers)
                )
                return Response(body, status, headers)(environ, start_response)
            response = Response.from_app(super().__call__, environ)
            if response.status_code == 404 and response.get_data().startswith(b"<!doctype html>"):
                raise NotImplementedError("no service of moto has this address")
            return response(environ, start_response)
        except Exception as error:
            return refusals.answer(environ, error)(environ, start_response)

    def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
        """Return the host of an address; moto knows SageMaker's runtime by another end than that of a stream."""
        host = super().infer_service_region_host(environ, path)
        streams = path.endswith("/invocations-response-stream")
        return host.replace("api.sagemaker.", "runtime.sagemaker.") if host and streams else host

    def get_backend_for_host(self, host: str | None) -> Any:
        """Return moto's service for a host; remembered, because moto looks through its folders each time."""
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        if host and not self._backends[host]:
            raise NotImplementedError("moto has no such service")
        return self._backends[host]


def main(arguments: list[str] | None = None) -> None:
    """Serve until a signal comes, then write the snapshot and end whatever still runs."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        authorization.enforce(options.iam == "on")
        options.home.mkdir(parents=True, exist_ok=True)
        lock.hold(options.home)
    except MlopsError as error:
        parser.error(error.message)
    server = make_server("127.0.0.1", options.port, _application(), True, request_handler=Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    runtime.configure(options.home, url)
    runtime.guarded()
    os.environ.update(runtime.aws_environment(options.region))
    about = _restore(parser, options.home) | {"port": server.server_port}
    state = _announce(options, server.server_port, url, str(about["world"]))
    embedded.route("snapshot", {"POST": lambda _: {"written": snapshot.save(options.home, about)}})
    snapshot.keep_saving(options.home, about, lambda: Handler.answered)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
    finally:
        snapshot.save(options.home, about)
        runtime.stop_all()
        state.unlink(missing_ok=True)
        sys.stdout.flush()
        os._exit(0)  # executions that wait for a person must not keep the process


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=Path(".mlops/local"), help="folder for state, logs and jobs")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--region", default="eu-west-1", help="the region that `mlops local env` prints")
    parser.add_argument("--iam", choices=["on", "off"], default="on", help="whether IAM policies are enforced")
    return parser


def _application() -> Any:
    """All services, behind what strikes, guards and validates a request."""
    embedded.install()
    faults.install()
    clock.install()  # before moto's services take their time from moto
    services.install()
    return faults.Striking(Guarded(validation.Validating(Dispatcher(extension.create_app))))


def _restore(parser: argparse.ArgumentParser, home: Path) -> dict[str, str]:
    """Take the state of the folder's snapshot, or be a world of its own; whoever knows another one must forget it."""
    try:
        written = snapshot.load(home)
    except MlopsError as error:
        parser.error(error.message)
    snapshot.resume()
    return {"world": written.get("world") or uuid.uuid4().hex}


def _announce(options: argparse.Namespace, port: int, url: str, world: str) -> Path:
    """Write `server.json`, by which `mlops local` finds this server."""
    facts = {"pid": os.getpid(), "port": port, "url": url, "region": options.region, "account": runtime.ACCOUNT}
    facts |= {"iam": options.iam, "world": world}
    facts["started_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    state = options.home / "server.json"
    partial = state.with_suffix(".partial")
    partial.write_text(json.dumps(facts, indent=2) + "\n")
    partial.replace(state)  # a reader sees all of it or nothing
    return state


class Handler(MotoRequestHandler):
    """One line per request in the server's log, and no waiting on slow name servers."""

    # Headers and body leave in one piece. AWS's SDK for Go, which Terraform uses, closes the body of its request as
    # soon as it has the headers of the answer; if it has not quite ended writing it then, the connection breaks, an
    # answer whose body comes behind is lost, and what was created is created again: ResourceAlreadyExists.
    wbufsize = 1 << 18
    answered = 0

    def run_wsgi(self) -> None:
        """Ask for a body that waits to be asked for at once: boto3 would wait a second for what lies in the buffer."""
        if self.headers.get("Expect", "").lower() == "100-continue":
            del self.headers["Expect"]
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        super().run_wsgi()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        Handler.answered += 1
        target = self.headers.get("X-Amz-Target", "")
        print(f"{time.strftime('%H:%M:%S')} {code} {self.command} {self.path[:120]} {target}", flush=True)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Tell the time of the embedded clock: callers who want AWS's time read an answer's Date."""
        return super().date_time_string(clock.time() if timestamp is None else timestamp)

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
        self.close_connection = True  # a fault dropped it: the client must not wait for more


if __name__ == "__main__":
    main()
