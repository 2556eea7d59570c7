"""A root of this process's own: that of the machine, with a container's files where its image says they are."""

import contextlib
import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from cookiecutter_mlops.localaws.sagemaker import namespaces

# Folders that stay the machine's: what programs put there must be writable, or is no file.
SHARED = ("/dev", "/proc", "/run", "/sys", "/tmp")  # noqa: S108


def change(folder: Path, files: Mapping[str, str]) -> None:
    """Make a new root in an empty folder and go there; `files` are the sources of absolute paths.

    Everything else is what it was. Needs a mount namespace; raises OSError.
    """
    namespaces.mount("tmpfs", str(folder), "tmpfs", 0)
    _fill(folder, Path("/"), {_resolved(place).strip("/"): source for place, source in files.items()})
    namespaces.become_root(folder)


def overlay(folder: Path, at: str = "/") -> dict[str, str]:
    """Return what a folder puts on top of the root: the paths that are not there yet, or that it replaces."""
    found: dict[str, str] = {}
    for entry in folder.iterdir() if folder.is_dir() else ():
        place = os.path.join(at, entry.name)
        both = entry.is_dir() and os.path.isdir(place)
        if place not in SHARED:
            found |= overlay(entry, place) if both else {place: str(entry)}
    return found


def _fill(new: Path, old: Path, files: Mapping[str, str]) -> None:
    """Show in a new folder what an old one holds, and the files at their paths in it."""
    own: dict[str, dict[str, str]] = defaultdict(dict)
    for path, source in files.items():
        name, _, rest = path.partition("/")
        own[name][rest] = source
    for name in {*(os.listdir(old) if old.is_dir() else ()), *own}:
        below = own.get(name, {})
        if source := below.pop("", "") or ("" if below else str(old / name)):
            _show(Path(source), new / name)
            for path, inner in below.items():  # of a folder of the container's own
                (new / name / path).parent.mkdir(parents=True, exist_ok=True)
                _show(Path(inner), new / name / path)
        else:
            (new / name).mkdir()
            _fill(new / name, old / name, below)


def _show(source: Path, place: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # somebody removed it since it was listed
        if source.is_symlink():
            place.symlink_to(source.readlink())
            return
        place.mkdir(exist_ok=True) if source.is_dir() else place.touch()
        namespaces.mount(str(source), str(place))


def _resolved(place: str) -> str:
    """Follow the links above a path: /bin is one to /usr/bin."""
    folder, name = os.path.split(place)
    return os.path.join(os.path.realpath(folder), name)
