"""What builds, jobs, endpoints and functions of the embedded AWS share: processes, credentials, logs, events."""

import atexit
import contextlib
import itertools
import json
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws import clock, guard
from cookiecutter_mlops.localaws.extension import AwsError

ACCOUNT = "123456789012"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "embedded-aws", "AWS_SECRET_ACCESS_KEY": "embedded-aws"}
_SETTINGS = {"home": ".mlops/local", "endpoint": ""}
_PROCESSES: set["subprocess.Popen[str]"] = set()
_CLOSING = threading.Event()
_NAMING = threading.Lock()
# By which `guard` knows what this embedded AWS started; it begins with the mark of whoever started us, if guarded.
_MARK = os.environ.get(guard.NAME, "") + secrets.token_hex(8)
_NUMBERS = itertools.count()
_GUARDS: list["subprocess.Popen[bytes]"] = []


def configure(home: Path, endpoint: str) -> None:
    """Set the folder that this embedded AWS keeps everything in, and its own address."""
    _SETTINGS.update(home=str(home.resolve()), endpoint=endpoint)


def guarded() -> None:
    """From now on, nothing that this process starts outlives it."""
    _GUARDS.append(guard.start(_MARK))  # kept, because its input closes with the last reference to it
    os.environ[guard.NAME] = f"{_MARK}/"


def home() -> Path:
    """Return the folder of this embedded AWS, `.mlops/local`."""
    return Path(_SETTINGS["home"])


def endpoint() -> str:
    """Return this embedded AWS's address."""
    return _SETTINGS["endpoint"]


def aws_environment(region: str, credentials: Mapping[str, str] = CREDENTIALS) -> dict[str, str]:
    """Return the environment variables with which any AWS SDK, and Terraform, speaks to this embedded AWS only.

    The credentials are those of the person whose account it is, unless a role's are given.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint(),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **credentials,
    }


def registry() -> dict[str, str]:
    """Return the digest of each pushed image, by `name:tag`."""
    file = home() / "registry.json"
    return json.loads(file.read_text()) if file.exists() else {}


def bundle(image: str) -> Path:
    """Return the folder that holds an image's files; `image` is `name:tag` or `name@sha256:…`.

    Raises AwsError if no such image was pushed to this embedded AWS.
    """
    digest = image.rsplit("@", 1)[1] if "@" in image else registry().get(image, "")
    folder = home() / "images" / digest.removeprefix("sha256:")
    if not digest or not folder.is_dir():
        raise AwsError("ValidationException", f"Image {image} was not pushed to the embedded AWS's registry.")
    return folder


def spawn(argv: list[str], *, cwd: Path, env: dict[str, str], log: Callable[[str], object]) -> "subprocess.Popen[str]":
    """Start a program in a process group of its own, which never outlives this one; `log` gets each line it prints.

    `process.reader.join()` waits for its last line.
    """
    mark = f"{_MARK}/{next(_NUMBERS)}"
    process = subprocess.Popen(
        argv,
        cwd=cwd,
        env=env | {guard.NAME: f"{mark}/"},
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    process.mark = mark  # type: ignore[attr-defined]
    _PROCESSES.add(process)
    process.reader = threading.Thread(target=_read, args=(process, log), daemon=True)  # type: ignore[attr-defined]
    process.reader.start()  # type: ignore[attr-defined]
    if _CLOSING.is_set():
        stop(process, grace=0)
    return process


def stop(process: "subprocess.Popen[str]", grace: float = 10) -> None:
    """End a process and everything it started: SIGTERM first, SIGKILL after `grace` seconds."""
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace)
    _signal(process, signal.SIGKILL)
    guard.end(process.mark)  # type: ignore[attr-defined]


def kill(process: "subprocess.Popen[str]") -> None:
    """End a process and its group at once, as a machine that is short of memory does."""
    _signal(process, signal.SIGKILL)


@atexit.register
def stop_all() -> None:
    """End every process that `spawn` started."""
    _CLOSING.set()
    for process in list(_PROCESSES):
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + 3
    for process in list(_PROCESSES):
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        _signal(process, signal.SIGKILL)
    guard.end(_MARK)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_log(account: str, region: str, group: str, stream: str, lines: Iterable[str]) -> None:
    """Append lines to a CloudWatch Logs stream, which is created if it is missing."""
    from moto.logs.models import logs_backends

    logs = logs_backends[account][region]
    with _NAMING:  # several jobs share a group, and their first lines may come at once
        if group not in logs.groups:
            logs.create_log_group(group, {})
        if stream not in logs.groups[group].streams:
            logs.create_log_stream(group, stream)
    now = int(clock.time() * 1000)
    events = [{"timestamp": now, "message": line or " "} for line in lines]
    if events:
        logs.put_log_events(group, stream, events)


def put_event(
    account: str, region: str, source: str, detail_type: str, detail: dict[str, Any], resources: Iterable[str] = ()
) -> None:
    """Put an event of an AWS service on the account's default EventBridge bus."""
    from moto.events.models import events_backends

    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": list(resources)}
    events_backends[account][region].put_events([entry])


def _read(process: "subprocess.Popen[str]", log: Callable[[str], object]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        log(line.rstrip("\n"))
    process.wait()
    _PROCESSES.discard(process)


def _signal(process: "subprocess.Popen[str]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)  # start_new_session made the pid the group's id
