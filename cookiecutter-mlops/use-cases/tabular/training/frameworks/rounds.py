"""Where a booster's training stands, kept after some trees: for the boosters that go on from their own bytes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from training import hosts
from training.checkpoint import Checkpoints

TREES = 25  # between two checkpoints


@contextmanager
def remaining(model: Any, wanted: int, checkpoints: Checkpoints) -> Iterator[tuple[bytes, Callable[[int, Any], None]]]:
    """The bytes to go on from, and what keeps those of so many more trees; `model` meanwhile asks for the rest.

    What goes on from bytes ends as if nothing had happened, unless rows or columns are drawn by chance for each tree.
    Several machines have the same trees, and all go on from those of the first one.
    """
    machines, newest = hosts.here(), checkpoints.newest() or (0, b"")
    done, state = machines.every(newest[0])[0], machines.gather(newest[1])[0]
    asked = model.get_params()["n_estimators"]

    def keep(trees: int, written: Callable[[], bytes]) -> None:
        if trees % TREES == 0 and done + trees < wanted:
            checkpoints.save(done + trees, written())

    model.set_params(n_estimators=wanted - done)
    yield state, keep
    model.set_params(n_estimators=asked)
