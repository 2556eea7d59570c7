"""Natural batching: who is answered together, on which thread, and that one error stays its own."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from inference import batching
from inference.batching import Batcher


def asked(batcher: Batcher, requests: list[list[int]]) -> list:
    async def all_at_once() -> list:
        return await asyncio.gather(*map(batcher, requests), return_exceptions=True)

    return asyncio.run(all_at_once())


def doubled(rows: list[int]) -> dict[str, list[int]]:
    return {"predictions": [2 * row for row in rows]}


def test_requests_that_queue_are_answered_together():
    sizes = []
    found = asked(Batcher(lambda rows: sizes.append(len(rows)) or doubled(rows)), [[1], [2, 3], [4]])
    assert found == [{"predictions": [2]}, {"predictions": [4, 6]}, {"predictions": [8]}]
    assert sizes == [4]


@pytest.mark.parametrize(("soon", "thread"), [(3600, "MainThread"), (0, "ThreadPoolExecutor")])
def test_only_a_slow_model_has_a_thread(monkeypatch, soon, thread):
    monkeypatch.setattr(batching, "SOON", soon)
    names = []

    def answer(rows):
        names.append(threading.current_thread().name)
        return doubled(rows)

    batcher = Batcher(answer)
    for number in range(2):
        assert asked(batcher, [[number]]) == [{"predictions": [2 * number]}]
    assert names[1].startswith(thread), names


def test_error_is_that_of_its_own_request():
    def answer(rows):
        if 0 in rows:
            raise ZeroDivisionError
        return doubled(rows)

    first, second, third = asked(Batcher(answer), [[1], [0], [3]])
    assert (first, third) == ({"predictions": [2]}, {"predictions": [6]})
    assert isinstance(second, ZeroDivisionError)


def test_more_rows_than_fit_are_answered_in_turns(monkeypatch):
    monkeypatch.setattr(batching, "MOST", 3)
    sizes = []
    found = asked(Batcher(lambda rows: sizes.append(len(rows)) or doubled(rows)), [[1, 1], [2, 2], [3]])
    assert sizes == [2, 3]
    assert found[2] == {"predictions": [6]}


FOR_EVER = """
import asyncio, re
from inference.batching import Batcher

async def ask(batcher):
    print(await batcher([True]), flush=True)
    print(await batcher([False]), flush=True)

def answer(rows):
    return {"predictions": [bool(re.match("(a|a)+b", "a" * (1 if soon else 60))) for soon in rows]}

asyncio.run(ask(Batcher(answer, slowest=0.5)))
"""


def test_answer_that_takes_for_ever_ends_its_process():
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", FOR_EVER], cwd=root, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "{'predictions': [False]}\n")
    assert "in answer" in done.stderr  # where it was
