"""The state of the embedded AWS as one file, by which it survives `mlops local down`, and mostly also being killed.

A forked copy of the process writes it, as Redis does, while the process itself goes on: so it shows one moment, and
nobody waits. The file has a line of JSON, which says who wrote it, and then a pickle of moto's backends and of what
the modules below keep. What runs (threads, processes) is not in it: whoever has such parts is `Resuming`.
"""

import gc
import importlib
import json
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from cookiecutter_mlops import __version__
from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import objects, pickling

FILE = "snapshot"
EVERY = 30  # seconds between two snapshots while requests come
_PATIENCE = 60  # seconds that a snapshot may take
# What a module keeps besides moto's backends: how it is taken, and how it is given back.
_PARTS: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {}
_OWN = ("backend", "service_name", "_use_boto3_regions", "_additional_regions", "_id")  # of a BackendDict itself
_TAKING = threading.Lock()
log = logging.getLogger(__name__)


class Resuming:
    """Something of which a part runs: that part is no state, and begins again, or ends for good, in `resume`."""

    running: ClassVar[tuple[str, ...]] = ()  # attributes that a snapshot leaves out
    _loaded: ClassVar[list["Resuming"]] = []

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in self.running}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        Resuming._loaded.append(self)

    def resume(self) -> None:
        """Go on after a snapshot was loaded: all of its objects are there."""


def part(name: str, take: Callable[[], Any], give: Callable[[Any], object]) -> None:
    """Let a snapshot hold what `take` returns; `give` gets it back when the snapshot is loaded."""
    _PARTS[name] = (take, give)


def save(home: Path, about: dict[str, Any]) -> bool:
    """Write a snapshot of this moment and return whether that worked; the log says why if not.

    `about` is what `check` returns of it, besides the versions.
    """
    with _TAKING:
        gone = objects.take_gone()
        child = os.fork()
        if not child:
            _write_and_exit(home, about)
        written = _wait(child)
        for path in gone if written else ():
            path.unlink(missing_ok=True)
        return written


def load(home: Path) -> dict[str, Any]:
    """Take the state of a folder's snapshot, if there is one, and return what `check` does; raise MlopsError as it."""
    for partial in home.glob(f"{FILE}.*"):  # whose writer was killed
        partial.unlink()
    if not (written := check(home)):
        return {}
    try:
        with (home / FILE).open("rb") as file:
            file.readline()
            _give_back(*pickling.load(file))
    except Exception as error:
        raise MlopsError(_refusal(home, f"cannot be read ({type(error).__name__}: {error})")) from error
    objects.remove_unnamed()
    return written


def resume() -> None:
    """Let everything go on that a snapshot found running; what cannot is logged."""
    loaded, Resuming._loaded[:] = Resuming._loaded[:], []
    for item in loaded:
        try:
            item.resume()
        except Exception:
            log.exception("%s does not go on", type(item).__name__)


def check(home: Path) -> dict[str, Any]:
    """Return who wrote a folder's snapshot and when, empty if there is none; raise MlopsError for another version's."""
    try:
        with (home / FILE).open("rb") as file:
            written = json.loads(file.readline())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise MlopsError(_refusal(home, "is no snapshot")) from None
    for name, here in _versions().items():
        if written.get(name) != here:
            raise MlopsError(_refusal(home, f"was made by {name} {written.get(name)}, and this is {here}"))
    return written


def keep_saving(home: Path, about: dict[str, Any], requests: Callable[[], int]) -> None:
    """Write a snapshot now and then while requests come, so that little is lost when this process is killed."""

    # Python warns of copies of a process with threads; this one only reads and writes.
    warnings.filterwarnings("ignore", ".*fork.*", DeprecationWarning)

    def run() -> None:
        seen = requests()
        while True:
            time.sleep(EVERY)
            if (now := requests()) != seen and save(home, about):
                seen = now

    threading.Thread(target=run, name="snapshot", daemon=True).start()


def _versions() -> dict[str, str]:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"moto": version("moto"), "cookiecutter-mlops": __version__, "python": python}


def _refusal(home: Path, why: str) -> str:
    return (
        f"{home / FILE}: the snapshot of the embedded AWS {why}; start without what it held: "
        "mlops local up --fresh (or install the version that made it)."
    )


def _write_and_exit(home: Path, about: dict[str, Any]) -> None:
    """Be the copy that writes: it must not do anything else of what this process does."""
    gc.disable()  # nothing may be finalized twice
    try:
        partial = home / f"{FILE}.{os.getpid()}"
        with partial.open("wb") as file:
            file.write(json.dumps(about | _versions() | {"saved_at": round(time.time(), 3)}).encode() + b"\n")
            pickling.dump(_collect(), file)
        partial.replace(home / FILE)
        os._exit(0)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        sys.stderr.write(f"The snapshot was not written: {type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(1)


def _wait(child: int) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.01)
    log.error("The snapshot was not written within %d s", _PATIENCE)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False


def _collect() -> tuple[dict[tuple[str, ...], Any], dict[str, Any]]:
    """Return the backends of each service by account and region, with what else a service keeps; and the parts."""
    from moto.core.base_backend import BackendDict

    homes, instances = pickling.homes(), BackendDict._instances  # type: ignore[misc]
    backends = {
        homes[id(found)]: (
            {account: dict(regions) for account, regions in found.items()},
            {name: value for name, value in vars(found).items() if name not in _OWN},
        )
        for found in list(instances)
        if id(found) in homes
    }
    return backends, {name: take() for name, (take, _) in _PARTS.items()}


def _give_back(backends: dict[tuple[str, str], Any], parts: dict[str, Any]) -> None:
    for (module, attribute), (accounts, more) in backends.items():
        target = getattr(importlib.import_module(module), attribute)
        vars(target).update(more)
        for account, regions in accounts.items():
            dict.update(target[account], regions)
    for name, value in parts.items():
        _PARTS[name][1](value)
