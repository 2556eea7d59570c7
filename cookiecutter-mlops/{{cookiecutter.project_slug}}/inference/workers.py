"""One process for each core, forked from the one that loaded the model, so that they share its memory."""

import os
import signal
import sys
import time
from collections.abc import Callable

SOON = 1.0  # seconds: a worker that ends earlier is not started again at once


def count() -> int:
    """As many as this process has cores, or SAGEMAKER_MODEL_SERVER_WORKERS, the name that AWS's own containers use."""
    return int(os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS") or len(os.sched_getaffinity(0)))


def supervise(work: Callable[[int], None], workers: int) -> None:
    """Keep as many processes at work until SIGTERM, which each of them gets; then wait for all of them.

    `work` gets the reading end of a pipe, which ends when this process does, however that happens.
    """
    reading, _kept_open = os.pipe()
    children: dict[int, float] = {}
    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True
        for child in children:
            os.kill(child, signal.SIGTERM)

    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        signal.signal(number, stop)
    while children or not stopping:
        while len(children) < workers and not stopping:
            signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # a child that is not yet listed would miss the signal
            if not (child := os.fork()):
                os.close(_kept_open)
                _work(lambda: work(reading), signals)
            children[child] = time.monotonic()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        if children:
            ended, _ = os.wait()
            if time.monotonic() - children.pop(ended) < SOON and not stopping:
                time.sleep(SOON)


def _work(work: Callable[[], None], signals: tuple[signal.Signals, ...]) -> None:
    """Be a worker, and end as one: nothing of the parent's is cleaned up twice."""
    status = 1
    try:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        work()
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
