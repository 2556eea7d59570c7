"""One invocation of a function: its zip unpacked once, its handler in a process, killed at the function's timeout."""

import io
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws import clock, confinement, faults, guard, runtime
from cookiecutter_mlops.localaws.awslambda import role
from cookiecutter_mlops.localaws.iam import acting

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.awslambda.models import LambdaFunction

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
LARGEST = 6 * 1024**2 + 100  # bytes of an answer


@dataclass(frozen=True)
class Answer:
    """What an invocation gave, and when it ended: JSON text, whether it is an error, and what was logged."""

    payload: str
    failed: bool
    log: str
    ended: float


def run(function: "LambdaFunction", event: str, request: str = "") -> Answer:
    """Invoke a function with an event in JSON, under a request id; log as Lambda logs."""
    with role.of(function):
        return _run(function, event, request)


def _run(function: "LambdaFunction", event: str, request: str) -> Answer:
    request, started = request or str(uuid.uuid4()), time.monotonic()
    stream = f"{clock.now():%Y/%m/%d/}[{function.version}]{uuid.uuid4().hex}"
    fault = faults.take("function-error", function.function_name)
    output, answer = (
        ("", _died(request, fault.message or "exit status 1")) if fault else _called(function, event, request, stream)
    )
    answer = _within_limits(function, request, answer)
    lines = [f"START RequestId: {request} Version: {function.version}", *output.splitlines()]
    if answer.get("error", {}).get("errorType", "").startswith(("Sandbox.", "Runtime.")):
        lines.append(answer["error"]["errorMessage"])
    ended, duration = clock.time(), (time.monotonic() - started) * 1000
    report = f"Duration: {duration:.2f} ms\tMemory Size: {function.memory_size} MB"
    report += f"\tMax Memory Used: {answer['memory_mb']} MB" if "memory_mb" in answer else ""
    lines += [f"END RequestId: {request}", f"REPORT RequestId: {request}\t{report}"]
    group = (function.logging_config or {}).get("LogGroup") or function.logs_group_name
    if role.may_log(function, group, stream):
        runtime.write_log(function.account_id, function.region, group, stream, lines)
    failed = "error" in answer
    return Answer(json.dumps(answer["error"]) if failed else answer["result"], failed, "\n".join(lines), ended)


def _called(function: "LambdaFunction", event: str, request: str, stream: str) -> tuple[str, dict[str, Any]]:
    """Run the handler; return what it printed, and its `result` or `error` and `memory_mb`."""
    with TemporaryDirectory(prefix="lambda-") as folder:
        file = Path(folder) / "answer.json"
        output, timed_out = _execute(function, event, request, stream, file)
        if file.is_file():
            return output, json.loads(file.read_text())
    if timed_out:
        message = f"RequestId: {request} Error: Task timed out after {int(function.timeout)}.00 seconds"
        return output, {"error": {"errorMessage": message, "errorType": "Sandbox.Timedout"}}
    return output, _died(request)


def _within_limits(function: "LambdaFunction", request: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Turn the answer of a function that took more memory than it has, or answers too much, into Lambda's error.

    Memory is looked at when the handler is done, so what it did meanwhile stays done.
    """
    if answer.get("memory_mb", 0) > int(function.memory_size):
        return _died(request, "signal: killed") | {"memory_mb": int(function.memory_size)}
    if len(answer.get("result", "")) > LARGEST:
        message = f"Response payload size exceeded maximum allowed payload size ({LARGEST} bytes)."
        return answer | {"error": {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}}
    return answer


def _died(request: str, how: str = "") -> dict[str, Any]:
    """Describe an invocation whose process ended without an answer, in Lambda's words."""
    reason = f"Runtime exited with error: {how}" if how else "Runtime exited without providing a reason"
    return {"error": {"errorMessage": f"RequestId: {request} Error: {reason}", "errorType": "Runtime.ExitError"}}


def _execute(function: "LambdaFunction", event: str, request: str, stream: str, file: Path) -> tuple[str, bool]:
    command = confinement.command([], [sys.executable, str(BOOTSTRAP), str(function.handler), str(file)])
    code = _code(function)
    try:
        done = subprocess.run(
            command,
            input=event,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=code,
            env=_environment(function, request, stream, code),
            timeout=int(function.timeout),
        )
    except subprocess.TimeoutExpired as expired:
        output = expired.output or b""
        return output if isinstance(output, str) else output.decode(errors="replace"), True
    return done.stdout, False


def _code(function: "LambdaFunction") -> Path:
    """Return the folder with the function's code; it is named by its content, so it is unpacked once."""
    folder = runtime.home() / "functions" / f"{function.function_name}-{function.code_digest[:16]}"
    if not folder.exists():
        fresh = folder.with_name(f"{folder.name}-{uuid.uuid4().hex}")
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
            archive.extractall(fresh)
        try:
            fresh.rename(folder)
        except OSError:  # another invocation unpacked it meanwhile
            shutil.rmtree(fresh)
    return folder


def _environment(function: "LambdaFunction", request: str, stream: str, code: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "TZ": ":UTC",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(code),
        "LAMBDA_TASK_ROOT": str(code),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "_HANDLER": str(function.handler),
        **runtime.aws_environment(function.region, acting.credentials()),
        **function.environment_vars,
        "_INVOKED_FUNCTION_ARN": function.function_arn,
        "_REQUEST_ID": request,
        "_TIMEOUT": str(function.timeout),
        "_CLOCK_AHEAD": str(clock.ahead()),
        guard.NAME: os.environ.get(guard.NAME, ""),  # it does not outlive this server
    }
