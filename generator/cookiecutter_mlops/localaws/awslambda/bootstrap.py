"""Run one Lambda invocation: `python bootstrap.py HANDLER ANSWER_FILE`, event on standard input.

Runs in the function's folder with nothing but the standard library and the function's own imports, as Lambda's
runtime does. The answer file gets {"result": ...} or {"error": ...}, and {"memory_mb": ...}.
"""

import importlib
import json
import os
import sys
import time
import traceback
from typing import Any


class Context:
    """What a handler gets as its second argument."""

    def __init__(self) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = os.environ.pop("_INVOKED_FUNCTION_ARN")
        self.aws_request_id = os.environ.pop("_REQUEST_ID")
        self.identity = self.client_context = None
        self._deadline = time.monotonic() + float(os.environ.pop("_TIMEOUT"))

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round((self._deadline - time.monotonic()) * 1000))


def invoke(handler: str, event: Any) -> dict[str, Any]:
    """Return the handler's result, or its error as Lambda describes one."""
    context = Context()
    try:
        module, _, function = handler.rpartition(".")
        result = getattr(importlib.import_module(module.replace("/", ".")), function)(event, context)
        return {"result": json.dumps(result)}
    except BaseException as error:
        traceback.print_exc()
        frames = traceback.format_tb(error.__traceback__)[1:]
        described = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": frames}
        return {"error": described | {"requestId": context.aws_request_id}}


def follow_clock(ahead: float) -> None:
    """Let this process live in the embedded AWS's time, where that was moved."""
    if ahead >= 1:
        import time_machine

        time_machine.travel(time.time() + ahead, tick=True).start()


def memory_mb() -> int:
    """Return the most memory that this process had, in MB; 0 where there is no /proc to ask."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return 0


if __name__ == "__main__":
    # The interpreter put this file's folder first; Lambda has the function's there.
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    follow_clock(float(os.environ.pop("_CLOCK_AHEAD")))
    answer = invoke(sys.argv[1], json.load(sys.stdin)) | {"memory_mb": memory_mb()}
    sys.stdout.flush()
    with open(sys.argv[2], "w") as file:
        json.dump(answer, file)
