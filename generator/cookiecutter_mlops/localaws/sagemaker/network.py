"""The network of a job: its hosts reach each other by name, and those of an isolated job reach nobody else.

Where the kernel gives no namespaces (see namespaces.py), hosts are named by addresses of the loopback, and an isolated
job's programs find neither an address, nor credentials, nor a proxy that answers.
"""

import queue
import shutil
import subprocess
import sys
from pathlib import Path

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.sagemaker import namespaces

# A proxy that refuses: port 9 of the loopback has no server.
_NOWHERE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
_SECONDS = 10


class Network:
    """What joins the hosts algo-1, algo-2, … of one job; `folder` is for its files."""

    def __init__(self, folder: Path, count: int, isolated: bool) -> None:
        self.isolated, self.problem = isolated, ""
        self.names = [f"algo-{number}" for number in range(1, count + 1)]
        self._holder: subprocess.Popen[str] | None = None
        if count > 1 or isolated:
            self._hold(folder)

    @property
    def hosts(self) -> list[str]:
        """Return the names by which the hosts reach each other."""
        return [f"127.0.0.{number}" for number, _ in enumerate(self.names, 1)] if self.problem else self.names

    @property
    def interface(self) -> str:
        """Return the network interface that all hosts share."""
        return "lo" if sys.platform == "linux" else "lo0"

    @property
    def environment(self) -> dict[str, str]:
        return _NOWHERE if self.isolated and self.problem else {}

    def command(self, command: list[str], folder: Path) -> list[str]:
        """Return what runs a command within this network, in a folder."""
        if not self._holder:
            return command
        spaces = ["--user", "--mount", *(["--net"] if self.isolated else [])]
        holder = ["--target", str(self._holder.pid), f"--wd={folder}"]
        return ["nsenter", "--preserve-credentials", *spaces, *holder, *command]

    def close(self) -> None:
        if self._holder:
            runtime.stop(self._holder, grace=0)
            self._holder = None

    def _hold(self, folder: Path) -> None:
        """Start the program that holds the namespaces, or keep the reason why there are none."""
        hosts = folder / "hosts"
        own = Path("/etc/hosts").read_text() if Path("/etc/hosts").exists() else ""
        named = [f"127.0.1.{number} {name}\n" for number, name in enumerate(self.names, 1)]
        hosts.write_text("".join(named) + own)
        said: queue.Queue[str] = queue.Queue()
        command = [sys.executable, "-I", "-S", namespaces.__file__, str(hosts), "isolated" if self.isolated else "open"]
        holder = runtime.spawn(command, cwd=folder, env={}, log=said.put)
        try:
            answer = said.get(timeout=_SECONDS)
        except queue.Empty:
            answer = "no answer"
        if answer == "ready" and shutil.which("nsenter"):
            self._holder = holder
        else:
            runtime.stop(holder, grace=0)
            self.problem = answer if answer != "ready" else "nsenter: there is no such program"
