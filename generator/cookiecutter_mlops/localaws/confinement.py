"""Run a program that can write only in some folders: `python confinement.py FOLDER:FOLDER COMMAND …`.

It uses Landlock, which Linux has since 5.13 and which needs no privileges; children inherit it, and nothing takes it
back. Where there is none, the program runs as it is. https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the system calls landlock_*, on every architecture
_VERSION, _BENEATH, _NO_NEW_PRIVILEGES = 1, 1, 38
# Rights to write or remove files and to make anything: bits 1 and 4 to 12; then to move and to truncate, by version.
_WRITE = 1 << 1 | sum(1 << bit for bit in range(4, 13))
_LATER = {2: 1 << 13, 3: 1 << 14}


def command(folders: Sequence[Path], program: list[str]) -> list[str]:
    """Return what runs a program that can write in these folders, in the one for temporary files and to devices."""
    import tempfile

    allowed = [*map(str, folders), tempfile.gettempdir(), "/dev"]
    return [sys.executable, "-I", "-S", __file__, os.pathsep.join(allowed), *program]


def version() -> int:
    """Return the version of Landlock that this machine has, 0 if it has none."""
    try:
        return max(0, ctypes.CDLL(None).syscall(_CREATE, None, 0, _VERSION)) if sys.platform == "linux" else 0
    except (AttributeError, OSError):
        return 0


def confine(folders: Sequence[str]) -> None:
    """Take from this process the right to write anywhere else; raise OSError where the kernel refuses."""
    rights = _WRITE | sum(right for since, right in _LATER.items() if version() >= since)
    ruleset = _call(_CREATE, struct.pack("Q", rights), 8, 0)
    for folder in filter(os.path.isdir, folders):
        handle = os.open(folder, os.O_PATH)
        _call(_ADD, ruleset, _BENEATH, struct.pack("=Qi", rights, handle), 0)
        os.close(handle)
    if ctypes.CDLL(None, use_errno=True).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    _call(_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _call(number: int, *arguments: int | bytes) -> int:
    result = ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"system call {number}: {os.strerror(ctypes.get_errno())}")
    return result


if __name__ == "__main__":
    if version():
        confine(sys.argv[1].split(os.pathsep))
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 a program that a job names
    except OSError as error:
        sys.exit(f"{sys.argv[2]}: {error.strerror}")
