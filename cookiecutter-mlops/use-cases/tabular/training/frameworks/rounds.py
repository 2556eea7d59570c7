"""Where a booster's training stands, kept after some trees: for the boosters that go on from their own bytes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from training.checkpoint import Checkpoints

TREES = 25  # between two checkpoints


@contextmanager
def remaining(model: Any, wanted: int, checkpoints: Checkpoints) -> Iterator[tuple[bytes, Callable[[int, Any], None]]]:
    """The bytes to go on from, and what keeps those of so many more trees; `model` meanwhile asks for the rest.

    What goes on from bytes ends as if nothing had happened, unless rows or columns are drawn by chance for each tree.
    """
    done, state = checkpoints.newest() or (0, b"")
    asked = model.get_params()["n_estimators"]

    def keep(trees: int, written: Callable[[], bytes]) -> None:
        if trees % TREES == 0 and done + trees < wanted:
            checkpoints.save(done + trees, written())

    model.set_params(n_estimators=wanted - done)
    yield state, keep
    model.set_params(n_estimators=asked)
