"""One invocation of a function: its zip unpacked once, its handler in a process, killed at the function's timeout."""

import io
import json
import os
import subprocess
import sys
import time
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws import runtime

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.awslambda.models import LambdaFunction

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")


@dataclass(frozen=True)
class Answer:
    """What an invocation gave: JSON text, whether it is an error, and what was logged."""

    payload: str
    failed: bool
    log: str


def run(function: "LambdaFunction", event: str) -> Answer:
    """Invoke a function with an event in JSON; log as Lambda logs."""
    request, started = str(uuid.uuid4()), time.monotonic()
    stream = time.strftime("%Y/%m/%d/") + f"[{function.version}]{uuid.uuid4().hex}"
    with TemporaryDirectory(prefix="lambda-") as folder:
        file = Path(folder) / "answer.json"
        output, timed_out = _execute(function, event, request, stream, file)
        answer: dict[str, Any] = (
            json.loads(file.read_text()) if file.is_file() else {"error": _died(function, request, timed_out)}
        )
    lines = [f"START RequestId: {request} Version: {function.version}", *output.splitlines()]
    if timed_out:
        lines.append(answer["error"]["errorMessage"])
    duration = (time.monotonic() - started) * 1000
    lines += [f"END RequestId: {request}", f"REPORT RequestId: {request}\tDuration: {duration:.2f} ms"]
    group = (function.logging_config or {}).get("LogGroup") or function.logs_group_name
    runtime.write_log(function.account_id, function.region, group, stream, lines)
    failed = "error" in answer
    return Answer(json.dumps(answer["error"]) if failed else answer["result"], failed, "\n".join(lines))


def _execute(function: "LambdaFunction", event: str, request: str, stream: str, file: Path) -> tuple[str, bool]:
    command = [sys.executable, str(BOOTSTRAP), str(function.handler), str(file)]
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
        fresh.rename(folder)
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
        **runtime.aws_environment(function.region),
        **function.environment_vars,
        "_INVOKED_FUNCTION_ARN": function.function_arn,
        "_REQUEST_ID": request,
        "_TIMEOUT": str(function.timeout),
    }


def _died(function: "LambdaFunction", request: str, timed_out: bool) -> dict[str, str]:
    """Describe an invocation that left no answer, in Lambda's words."""
    if timed_out:
        return {
            "errorMessage": f"RequestId: {request} Error: Task timed out after {int(function.timeout)}.00 seconds",
            "errorType": "Sandbox.Timedout",
        }
    return {
        "errorMessage": f"RequestId: {request} Error: Runtime exited without providing a reason",
        "errorType": "Runtime.ExitError",
    }
