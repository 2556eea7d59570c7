"""Checkpoints of a training that may be interrupted at any moment: each is whole or does not count.

    checkpoints.save(25, content)       # after round 25
    checkpoints.newest()                # (25, content), or None

SageMaker copies the folder (/opt/ml/checkpoints) to S3 while a job runs and back before it goes on elsewhere, without
asking whether a file is finished. So each file carries its sha256 in its name, appears by a rename, and is believed
only if the two agree; otherwise the one before it is taken. Standard library only.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

KEPT = 2  # the newest, and one to fall back on


class Checkpoints:
    """The checkpoints of one piece of work; `name` tells its code, data and settings apart from any other's."""

    kept = True  # else nobody needs to write a state down

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder, name

    def part(self, name: str) -> "Checkpoints":
        """Checkpoints of a part of the training, for example of one of several fits."""
        return Checkpoints(self.folder, f"{self.name}-{name}")

    def save(self, step: int, content: bytes) -> None:
        """Keep the state after a step; a crash in between leaves the checkpoint before it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / f".{self.name}.unfinished"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.folder / f"{self.name}.{step:08d}.{_sha256(content)}")
        for path in list(self._files())[KEPT:]:
            path.unlink()

    def newest(self) -> tuple[int, bytes] | None:
        """Step and state of the newest checkpoint that is whole."""
        for path in self._files():
            _, step, digest = path.name.rsplit(".", 2)
            content = path.read_bytes()
            if _sha256(content) == digest:
                print(f"going on from checkpoint {path.name[:80]}", flush=True)
                return int(step), content
        return None

    def exist(self) -> bool:
        """Whether an earlier run left something, in whatever part."""
        return any(self.folder.glob(f"{self.name}*"))

    def clear(self) -> None:
        """Forget everything, of every part: the training is over."""
        for path in [*self.folder.glob(f"{self.name}*"), *self.folder.glob(f".{self.name}*")]:
            path.unlink()

    def _files(self) -> Iterator[Path]:
        yield from sorted(self.folder.glob(f"{self.name}.*"), reverse=True)


class _Nowhere(Checkpoints):
    """For a training that is over before anybody could interrupt it, as in a notebook."""

    kept = False

    def part(self, name: str) -> Checkpoints:
        return self

    def save(self, step: int, content: bytes) -> None:
        return None

    def newest(self) -> None:
        return None


NOWHERE = _Nowhere(Path(), "")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
