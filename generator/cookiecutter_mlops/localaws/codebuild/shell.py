"""One shell that runs a build's commands one after another, so that `cd`, variables and functions last.

Commands reach it by a FIFO, each as a file that it sources; it answers each with a marker and an exit status between
the lines that the command printed. Where a command ends the shell itself (`exit 1`), the next one gets a fresh shell
in the same folder with the same exported variables.
"""

import os
import queue
import secrets
import shlex
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from cookiecutter_mlops.localaws import confinement, runtime

# The markers go to a copy of standard output, which a command's `exec > file` does not redirect.
DRIVER = """
exec 8>&1 9<{fifo}
[ -f {state} ] && . {state} 2>/dev/null && cd "$PWD"
trap 'export -p > {state}' EXIT
while IFS= read -r _step <&9; do
  . "$_step" 8>&- 9<&-
  printf '%s%s\\n' {marker} "$?" >&8
done
"""


class Shell:
    """The shell of one build; `folder` is its own, `log` gets each line that a command prints.

    Commands write in `folder` and in the `writable` ones only, where the kernel has Landlock.
    """

    def __init__(
        self,
        program: str,
        folder: Path,
        cwd: Path,
        env: dict[str, str],
        log: Callable[[str], object],
        writable: Sequence[Path],
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._cwd, self._log = folder, cwd, log
        self._command = confinement.command([folder, *writable], [program, str(folder / "driver")])
        self._env = env | {"PWD": str(cwd)}
        self._marker = f"<{secrets.token_hex(8)}>"
        self._statuses: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False
        os.mkfifo(folder / "fifo")
        self._fifo = os.open(folder / "fifo", os.O_RDWR)  # read too: opening must not wait for the shell

    def run(self, command: str) -> int:
        """Run a command and return its exit status; negative where it was stopped."""
        if self._stopped:
            return -1
        process = self._process if self._process and self._process.poll() is None else self._start()
        step = self._folder / "step"
        step.write_text(command + "\n")
        os.write(self._fifo, f"{step}\n".encode())
        return self._status(process)

    def values(self, names: list[str]) -> dict[str, str]:
        """Return the values of shell variables, exported or not; unset ones are left out."""
        files = {name: self._folder / f"value-{name}" for name in names}
        lines = [f'[ -z "${{{n}+set}}" ] || printf %s "${n}" > {shlex.quote(str(f))}' for n, f in files.items()]
        self.run("\n".join(lines))
        return {name: file.read_text() for name, file in files.items() if file.exists()}

    def stop(self) -> None:
        """End the shell and everything it started."""
        self._stopped = True
        if self._process:
            runtime.stop(self._process, grace=3)

    def close(self) -> None:
        self.stop()
        os.close(self._fifo)

    def _start(self) -> "subprocess.Popen[str]":
        driver = self._folder / "driver"
        paths = {name: shlex.quote(str(self._folder / name)) for name in ("fifo", "state")}
        driver.write_text(DRIVER.format(marker=shlex.quote(self._marker), **paths))
        self._process = runtime.spawn(self._command, cwd=self._cwd, env=self._env, log=self._line)
        if self._stopped:  # while it started
            runtime.stop(self._process, grace=0)
        return self._process

    def _line(self, line: str) -> None:
        text, marker, status = line.partition(self._marker)
        if text or not marker:
            self._log(text)
        if marker:
            self._statuses.put(int(status))

    def _status(self, process: "subprocess.Popen[str]") -> int:
        """Wait for a command's exit status, or for the end of the shell, whose status it then is."""
        while True:
            try:
                return self._statuses.get(timeout=0.2)
            except queue.Empty:
                if process.poll() is not None:
                    # Its last lines; but a program left in the background may hold its output open.
                    process.reader.join(5)  # type: ignore[attr-defined]
                    return self._statuses.get() if not self._statuses.empty() else process.returncode
