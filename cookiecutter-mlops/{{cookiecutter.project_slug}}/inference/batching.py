"""Natural batching: what queued while the model answered is answered next, all at once. No timer, so nobody waits.

A model that answers soon does so on the event loop, since handing rows to a thread and back costs more than others
wait; what arrives meanwhile queues in the sockets. A slow one has a thread, so that the loop goes on reading.
"""

import asyncio
import faulthandler
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

MOST = 1024  # rows at a time
SOON = 0.05  # seconds
STDERR = 2

Answer = dict[str, list[Any]]


class Batcher:
    """Answers rows of many requests with one call of `answer`, one call at a time.

    With `slowest`, seconds for each request, always on the thread. Longer ends the process, as no thread can be ended:
    the log says where it was, and a supervisor (inference/workers.py) or SageMaker starts another.
    """

    def __init__(self, answer: Callable[[list[Any]], Answer], slowest: float = 0.0) -> None:
        self._answer, self._thread, self._slowest = answer, ThreadPoolExecutor(1), slowest
        self._waiting: list[tuple[list[Any], asyncio.Future[Answer]]] = []
        self._running: asyncio.Task[None] | None = None
        self._soon = not slowest  # as far as the last answer shows
        self._since: float | None = None

    async def __call__(self, rows: list[Any]) -> Answer:
        """The answer to the rows of one request."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((rows, future))
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._run(loop))
        return await future

    @property
    def busy(self) -> float:
        """For how many seconds the answer under way has been so; 0 where there is none."""
        return time.perf_counter() - self._since if self._since else 0.0

    async def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            batch = self._next()
            requests, begin = [rows for rows, _ in batch], time.perf_counter()
            self._since = begin
            if self._soon and sum(map(len, requests)) <= MOST:
                answers = self._answered(requests)
            else:
                answers = await loop.run_in_executor(self._thread, self._in_time, requests)
            self._soon, self._since = not self._slowest and time.perf_counter() - begin < SOON, None
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():  # its caller went away
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)
            await asyncio.sleep(0)  # the loop reads what came meanwhile

    def _next(self) -> list[tuple[list[Any], "asyncio.Future[Answer]"]]:
        """The requests that are answered together: at least one, and as many as fit."""
        count, rows = 0, 0
        while count < len(self._waiting) and (not count or rows + len(self._waiting[count][0]) <= MOST):
            rows += len(self._waiting[count][0])
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _in_time(self, requests: list[list[Any]]) -> list[Answer | Exception]:
        """The same as `_answered`; a batch job has a limit of its own."""
        if not self._slowest or "SAGEMAKER_BATCH" in os.environ:
            return self._answered(requests)
        # A watchdog in C: Python code that holds the interpreter, such as a regular expression, cannot hold it off.
        faulthandler.dump_traceback_later(self._slowest * len(requests), exit=True, file=STDERR)
        try:
            return self._answered(requests)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def _answered(self, requests: list[list[Any]]) -> list[Answer | Exception]:
        """The answers or errors, one for each request; an error of one of them is not that of the others."""
        try:
            together = self._answer([row for rows in requests for row in rows])
        except Exception as error:
            return [error] if len(requests) == 1 else [self._answered([rows])[0] for rows in requests]
        answers: list[Answer | Exception] = []
        first = 0
        for rows in requests:
            end = first + len(rows)
            answers.append({name: entries[first:end] for name, entries in together.items()})
            first = end
        return answers
