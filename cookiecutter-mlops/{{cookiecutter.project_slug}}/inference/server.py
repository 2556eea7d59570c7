"""The HTTP server in front of a model: GET /ping and POST /invocations, as SageMaker asks them.

    make serve                          # on this laptop
    curl localhost:8080/invocations -H 'content-type: application/json' -d '{"instances": [{…}]}'

A request that breaks a rule gets 4xx and {"error": one sentence}. Use cases differ only in inference/handler.py.
"""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any, NoReturn

# Before a numeric library reads it: requests run side by side, and threads inside each would fight over the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from inference import handler
from training import artifact
from training.settings import UserError

LARGEST = 25 * 1000 * 1000  # bytes of a request; InvokeEndpoint takes no more


def run(folder: Path) -> None:
    """Serve the model of a folder until SIGTERM; requests in flight are answered first."""
    app = create_app(folder)
    # A container listens to its network; a laptop, where SM_BASE_DIR is set, only to itself.
    everywhere = "0.0.0.0"  # noqa: S104  # nosec B104
    host = "127.0.0.1" if "SM_BASE_DIR" in os.environ else everywhere
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    uvicorn.run(app, host=host, port=port, access_log=False, timeout_graceful_shutdown=30)


def create_app(folder: Path) -> Starlette:
    """The application around a verified model that has answered a recorded request; otherwise it never starts."""
    manifest = artifact.verify(folder)
    model = handler.restore(folder)
    probe = json.loads((folder / "samples.json").read_text())[0]["request"]["instances"]
    handler.predict(model, probe)

    async def ping(request: Request) -> Response:
        """Healthy is a model that answers, not a process that exists."""
        await run_in_threadpool(handler.predict, model, probe)
        return JSONResponse({"status": "ok", "commit": manifest["commit"], "data_version": manifest["data_version"]})

    async def invocations(request: Request) -> Response:
        instances = _instances(request, await _body(request))
        # In a thread, so that a long prediction does not hold up /ping.
        return JSONResponse(await run_in_threadpool(handler.predict, model, instances))

    routes = [Route("/ping", ping), Route("/invocations", invocations, methods=["POST"])]
    errors = {HTTPException: _refused, UserError: _unprocessable, Exception: _broken}
    return Starlette(routes=routes, exception_handlers=errors)  # type: ignore[arg-type]


async def _body(request: Request) -> bytes:
    """The whole body, refused as soon as it is too large: nothing has to be believed about its length."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise HTTPException(413, f"The request may have at most {LARGEST} bytes; send fewer instances at a time.")
    return bytes(body)


def _instances(request: Request, body: bytes) -> list[Any]:
    readers = {"application/json": _from_json, "text/csv": _from_csv}
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in readers:
        raise HTTPException(415, f"Content-Type must be application/json or text/csv, not {kind[:80]!r}.")
    try:
        instances = readers[kind](body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise HTTPException(400, f"The body must be UTF-8; byte {error.start} is not.") from None
    if not isinstance(instances, list) or not instances:
        raise HTTPException(422, 'instances must be a list with at least one object: {"instances": [{"age": 40}]}.')
    return instances


def _from_json(text: str) -> Any:
    try:
        content = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"The body is not JSON: {str(error)[:200]}.") from None
    if not isinstance(content, dict) or content.keys() != {"instances"}:
        raise HTTPException(422, 'The body must be an object with one field: {"instances": [{…}, …]}.')
    return content["instances"]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value, use null")


def _from_csv(text: str) -> list[dict[str, str]]:
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise HTTPException(400, f"The body is not CSV: {error}.") from None
    for number, line in enumerate(lines, start=1):
        if len(line) != len(lines[0]):
            raise HTTPException(400, f"CSV line {number} has {len(line)} values, the header has {len(lines[0])}.")
        if len(set(line)) < len(line) and number == 1:
            raise HTTPException(400, f"The CSV header must name each field once, not {str(line)[:200]}.")
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


async def _refused(request: Request, error: HTTPException) -> Response:
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


async def _unprocessable(request: Request, error: UserError) -> Response:
    return JSONResponse({"error": str(error)}, 422)


async def _broken(request: Request, error: Exception) -> Response:
    """Our own mistake: the caller learns that much, the log (Starlette raises on) has the traceback."""
    return JSONResponse({"error": "The model could not answer; the endpoint's log says why."}, 500)
