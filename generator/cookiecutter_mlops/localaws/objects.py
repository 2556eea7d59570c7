"""What S3 objects hold: small ones in memory, large ones as files in `objects/` of the embedded AWS's folder.

A content never changes, and copies of an object share it. So a snapshot names the large ones instead of holding them.
"""

import copy
import gc
import io
import threading
import types
import uuid
import weakref
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws import runtime

_SMALL = 256 * 1024  # bytes that an object may have to be kept in memory
_LARGE = 8 * 1024**2
_GONE: list[Path] = []  # files of objects that are no more; the last snapshot may still name them


class File:
    """Bytes in a file of their own, for as long as somebody refers to them."""

    def __init__(self, data: bytes) -> None:
        if len(data) > _LARGE:
            gc.collect()  # moto's answers to earlier requests hold their bodies in cycles
        self.name = uuid.uuid4().hex
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(data)
        _LIVING.add(self)

    @property
    def path(self) -> Path:
        return runtime.home() / "objects" / self.name

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        _LIVING.add(self)

    def __del__(self) -> None:
        _GONE.append(self.path)


_LIVING: weakref.WeakSet[File] = weakref.WeakSet()


class Content:
    """One object's bytes, in the way in which moto reads and writes the buffer of an object: as a whole."""

    def __init__(self, max_size: int = 0) -> None:
        self._at, self._closed = 0, False
        self.truncate()

    def seek(self, position: int) -> None:
        self._at = position

    def truncate(self) -> None:
        self._bytes: bytes = b""
        self._file: File | None = None

    def write(self, data: bytes) -> None:
        if len(data) > _SMALL:
            self._file = File(data)
        else:
            self._bytes = bytes(data)

    def read(self, size: int = -1) -> bytes:
        if self._closed:
            raise ValueError("the object is gone")
        with self._file.path.open("rb") if self._file else io.BytesIO(self._bytes) as source:
            source.seek(self._at)
            found = source.read(size)
        self._at += len(found)
        return found

    def close(self) -> None:
        self.truncate()
        self._closed = True

    def __deepcopy__(self, _: Any) -> "Content":
        return copy.copy(self)


def take_gone() -> list[Path]:
    """Return the files that a snapshot taken from now on does not name, and forget them."""
    gone = _GONE.copy()
    del _GONE[: len(gone)]
    return gone


def remove_unnamed() -> None:
    """Remove the files that no object has; what a killed server left."""
    names = {file.name for file in _LIVING}
    for path in (runtime.home() / "objects").glob("*"):
        if path.name not in names:
            path.unlink()


def _state(key: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(key).items() if name != "lock"}


def _restore(key: Any, state: dict[str, Any]) -> None:
    vars(key).update(state, lock=threading.Lock())


def install() -> None:
    from moto.s3 import models

    models.tempfile = types.SimpleNamespace(SpooledTemporaryFile=Content)  # type: ignore[assignment,attr-defined]
    key: Any = models.FakeKey
    key.__getstate__, key.__setstate__ = _state, _restore
