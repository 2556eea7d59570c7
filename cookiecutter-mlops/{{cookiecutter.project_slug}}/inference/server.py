"""The HTTP server in front of a model: GET /ping and POST /invocations, as SageMaker asks them.

    make serve                          # on this laptop; PORT=8081: elsewhere than at 8080
    curl localhost:8080/invocations -H 'content-type: application/json' -d '{"instances": [{…}]}'

A request that breaks a rule gets 4xx and {"error": one sentence}. Use cases differ only in inference/handler.py:

    restore(folder) -> model                the caller has verified the folder's manifest
    rung(model) -> (name, why)              which way it answers, and why not faster (inference/rungs.py)
    fields(model) -> names                  of a line of CSV without a header
    read(model, instances) -> rows          what the model takes, or a UserError that names instance, field and rule
    answer(model, rows) -> {name: list}     the first list holds the predictions; may be `async`
    READERS  {content type: bytes -> instances}, beside those of inference/formats.py       (where there is one)
    WRITERS  {content type: answer -> bytes}, beside those of inference/formats.py          (where there is one)
    STREAMS  {content type that is accepted: (model, rows) -> pieces of the answer}         (where there is one)
    SLOWEST  seconds that an answer may take, where those are many: /ping does not wait     (where there is one)
             for it until then, and a process in which it takes longer ends
    WORKERS  how many processes, where the model does not survive a fork (a GPU)            (where there is one)
"""

import os

# Before a numeric library reads them: there is a process for each core, and threads inside would fight over them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import asyncio
import inspect
import json
import socket
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvicorn

from inference import access, formats, handler, workers
from inference.batching import Batcher
from inference.connections import Connection, Server
from inference.formats import Reader, Refused
from training import artifact
from training.settings import UserError

# Bytes of a request: InvokeEndpoint takes 6 MiB. Transform jobs say what theirs is, pipelines/endpoint.py what an
# asynchronous endpoint's is.
LARGEST = int(os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB") or 6) * 1024 * 1024
LARGE = 64 * 1024  # bytes from which a request is answered beside the event loop
PING = (("GET", "/ping"), ("HEAD", "/ping"))
ALONE = ("compiled", "numpy")  # rungs that are faster than handing rows to another thread and batching them
TOO_LARGE = f"The request may have at most {LARGEST} bytes; send fewer instances at a time."
BROKEN = "The model could not answer; the endpoint's log says why."


def run(folder: Path) -> None:
    """Serve the model of a folder until SIGTERM; requests in flight are answered first."""
    bound = bind(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))  # before a model is loaded in vain
    (host, port), app = bound.getsockname(), App(folder)
    config, processes = configured(app, host, port), getattr(handler, "WORKERS", None) or workers.count()
    access.say("serving", port=port, workers=processes, **app.about)
    if processes == 1:
        Server(config).run([bound])
    else:
        workers.supervise(lambda parent: Worker(config, parent).run([bound]), processes)


def bind(port: str) -> socket.socket:
    """A socket that does not listen yet, so that nobody is kept waiting; a UserError where the port cannot be had."""
    # A container listens to its network; a laptop, where SM_BASE_DIR is set, only to itself.
    everywhere = "0.0.0.0"  # noqa: S104  # nosec B104
    host = "127.0.0.1" if "SM_BASE_DIR" in os.environ else everywhere
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, int(port)))
    except (OSError, OverflowError, ValueError) as error:
        bound.close()
        why = error.strerror if isinstance(error, OSError) else "no port"
        raise UserError(
            f"PORT: must be a free port of this machine, 1 to 65535 (got: {port}, {why}); try `make serve PORT=8081`, "
            "or without make SAGEMAKER_BIND_TO_PORT=8081."
        ) from None
    return bound


def configured(app: "App", host: str, port: int) -> uvicorn.Config:
    """uvicorn without what nobody asks for: its own log, headers, websockets."""
    return uvicorn.Config(
        app, host, port, loop="uvloop", http=Connection, ws="none", lifespan="off", interface="asgi3",
        access_log=False, log_config=None, proxy_headers=False, server_header=False, date_header=False,
        timeout_graceful_shutdown=30,
    )  # fmt: skip


class Worker(Server):
    """A server that ends when the process that forked it has."""

    def __init__(self, config: uvicorn.Config, parent: int) -> None:
        super().__init__(config)
        self.parent = parent

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        asyncio.get_running_loop().add_reader(self.parent, setattr, self, "should_exit", True)


class App:
    """The ASGI application around a verified model that has answered a recorded request; otherwise it never starts."""

    def __init__(self, folder: Path) -> None:
        manifest = artifact.verify(folder)
        self.model = handler.restore(folder)
        self.probe = json.loads((folder / "samples.json").read_text())[0]["request"]["instances"]
        name, why = handler.rung(self.model)
        self.about = {"rung": name, "why": why} | {key: manifest[key] for key in ("commit", "data_version")}
        self.readers = formats.readers(handler.fields(self.model)) | getattr(handler, "READERS", {})
        self.writers = getattr(handler, "WRITERS", {})
        self.streams = getattr(handler, "STREAMS", {})
        self.slowest = getattr(handler, "SLOWEST", 0.0)
        self.waits = inspect.iscoroutinefunction(handler.answer)
        self.threads, self.alone = ThreadPoolExecutor(2), name in ALONE and not self.waits
        self.routes = {("POST", "/invocations"): self._invocations} | dict.fromkeys(PING, self._ping)
        self.kinds = (*self.writers, *self.streams)
        self.batched = Batcher(lambda rows: handler.answer(self.model, rows), self.slowest)
        if not self.waits:  # one that does is asked first by /ping
            handler.answer(self.model, handler.read(self.model, self.probe))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = access.Request(scope)
        content: bytes | Iterator[bytes]
        try:
            route = self.routes.get((request.method, request.path))
            if route is None:
                raise _elsewhere(request)
            status, kind, content = await route(request, receive)
        except Refused as refusal:
            status, kind, content = refusal.status, formats.JSON, _error(str(refusal))
        except UserError as refusal:
            status, kind, content = 422, formats.JSON, _error(str(refusal))
        except ConnectionAbortedError:
            return
        except Exception as error:
            # Where, and what kind of error, but not its text: that may repeat the request.
            frames = "".join(traceback.format_tb(error.__traceback__))
            access.say("error", request_id=request.id, type=type(error).__name__, frames=frames)
            status, kind, content = 500, formats.JSON, _error(BROKEN)
        headers = [(b"content-type", kind.encode()), (b"x-request-id", request.id.encode())]
        if not isinstance(content, bytes):
            return await self._streamed(request, send, headers, content)
        headers.append((b"content-length", b"%d" % len(content)))
        if status == 413:  # what is still on its way is not waited for
            headers.append((b"connection", b"close"))
        request.done(status, len(content))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _streamed(self, request: access.Request, send: Any, headers: Any, pieces: Iterator[bytes]) -> None:
        """Send pieces as they come; nobody can be told any more that one of them failed, so the connection breaks."""
        loop, size = asyncio.get_running_loop(), 0
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while piece := await loop.run_in_executor(self.threads, next, pieces, b""):
            size += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        request.done(200, size)
        await send({"type": "http.response.body", "body": b""})

    async def _ping(self, request: access.Request, receive: Any) -> tuple[int, str, bytes]:
        """Healthy is a model that answers, not a process that exists; SageMaker waits 2 seconds for this."""
        if not 0 < self.batched.busy < self.slowest:
            await self._ask(handler.read(self.model, self.probe))
        return 200, formats.JSON, json.dumps({"status": "ok"} | self.about).encode()

    async def _invocations(self, request: access.Request, receive: Any) -> tuple[int, str, bytes | Iterator[bytes]]:
        header = request.header(b"content-type")
        read = self.readers.get(formats.content_type(header))
        if read is None:
            raise Refused(415, f"Content-Type must be {', '.join(self.readers)}, not {header[:80]!r}.")
        kind = formats.accepted(request.header(b"accept"), self.kinds)
        body = await _body(request, receive)
        large = len(body) > LARGE or self.slowest > 0
        if stream := self.streams.get(kind):
            return 200, kind, stream(self.model, await self._beside(self._rows, read, body))
        if self.alone:
            whole = self._whole
            return 200, kind, await self._beside(whole, read, body, kind) if large else whole(read, body, kind)
        rows = await self._beside(self._rows, read, body) if large else self._rows(read, body)
        return 200, kind, self._written(await self._ask(rows), kind)

    def _written(self, answer: dict[str, Any], kind: str) -> bytes:
        return self.writers[kind](answer) if kind in self.writers else formats.write(answer, kind)

    def _rows(self, read: Reader, body: bytes) -> Any:
        return handler.read(self.model, formats.instances(read, body))

    def _whole(self, read: Reader, body: bytes, kind: str) -> bytes:
        return self._written(handler.answer(self.model, self._rows(read, body)), kind)

    async def _beside(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in a thread, so that others do not wait for a large body."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *arguments)

    async def _ask(self, rows: Any) -> dict[str, Any]:
        if self.waits:
            return await handler.answer(self.model, rows)  # type: ignore[misc]
        return handler.answer(self.model, rows) if self.alone else await self.batched(rows)


async def _body(request: access.Request, receive: Any) -> bytes:
    """The whole body, refused as soon as it is too large: nothing has to be believed about its length."""
    if int(request.header(b"content-length") or 0) > LARGEST:
        raise Refused(413, TOO_LARGE)
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST:
            raise Refused(413, TOO_LARGE)
    if message["type"] == "http.disconnect":
        raise ConnectionAbortedError
    request.received = len(body)
    return body


def _error(sentence: str) -> bytes:
    return json.dumps({"error": sentence}).encode()


def _elsewhere(request: access.Request) -> Refused:
    """Why nothing answers a method and a path."""
    if request.path in ("/invocations", "/ping"):
        method = "POST" if request.path == "/invocations" else "GET"
        return Refused(405, f"{request.path} is asked with {method}, not {request.method}.")
    return Refused(404, "There is GET /ping and POST /invocations.")
