"""Files that go to S3 while their job still writes others: checkpoints, and outputs in mode Continuous."""

import contextlib
import contextvars
import threading
from pathlib import Path

from cookiecutter_mlops.localaws.sagemaker import storage

# How often, in seconds of this machine, new files are looked for.
SECONDS = 1


class Continuous:
    """Sends what is new in a folder to an S3 prefix, as a context around the job's run; without a prefix, nothing.

    A file is sent once it has not changed since the last look, so that half of one stays where it is.
    """

    def __init__(self, account: str, folder: Path, prefix: str) -> None:
        self.account, self.folder, self.prefix = account, folder, prefix.rstrip("/")
        self.done = threading.Event()
        self.seen: dict[Path, int] = {}
        self.sent: dict[Path, int] = {}

    def __enter__(self) -> "Continuous":
        self.sent = {file: file.stat().st_mtime_ns for file in self._files()}
        if self.prefix:
            run = contextvars.copy_context().run  # with the job's role
            threading.Thread(target=run, args=[self._follow], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        if self.prefix:
            self._send(final=True)

    def _follow(self) -> None:
        while not self.done.wait(SECONDS):
            self._send(final=False)

    def _send(self, *, final: bool) -> None:
        for file in self._files():
            with contextlib.suppress(FileNotFoundError):  # the program removed it just now
                changed = file.stat().st_mtime_ns
                if self.sent.get(file) != changed and (final or self.seen.get(file) == changed):
                    name = file.relative_to(self.folder).as_posix()
                    storage.write(self.account, f"{self.prefix}/{name}", file.read_bytes())
                    self.sent[file] = changed
                self.seen[file] = changed

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())
