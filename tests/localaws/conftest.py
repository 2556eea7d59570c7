"""One embedded AWS for these tests, reached through boto3 as any program reaches it."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from cookiecutter_mlops.localaws import embedded, guard, process, snapshot

REGION = "eu-west-1"
ACCOUNT = "123456789012"
AddFault = Callable[..., None]


@dataclass(frozen=True)
class Aws:
    """A running embedded AWS."""

    url: str
    home: Path

    def client(
        self, service: str, attempts: int = 2, checked: bool = True, credentials: dict[str, Any] | None = None
    ) -> Any:
        """Return a client; unchecked, it sends what it is given; with an answer of AssumeRole, it acts as that role."""
        given = credentials or {"AccessKeyId": "embedded-aws", "SecretAccessKey": "embedded-aws"}
        retries: dict[str, Any] = {"total_max_attempts": attempts}
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given.get("SessionToken"),
            config=Config(retries=retries, s3={"addressing_style": "path"}, parameter_validation=checked),
        )

    def advance(self, duration: str) -> None:
        """Move the clock ahead: `90s`, `5m`, `2h`, `3d`."""
        embedded.ask(self.url, "clock", "POST", {"advance": duration})

    def begin_minute(self) -> None:
        """Move the clock to the beginning of a minute, so that a test is not in two of them."""
        self.advance(f"{60 - self.now().second}s")

    def now(self) -> datetime:
        """Return what the clock says."""
        return datetime.fromisoformat(embedded.ask(self.url, "clock")["now"])


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The embedded AWS that the tests share; whoever moves its clock or breaks it serves one of their own."""
    with serve(tmp_path_factory.mktemp("aws")) as aws:
        yield aws
    log = (aws.home / "server.log").read_text()
    assert snapshot.check(aws.home), log[-1000:]  # whatever the tests made can be written


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The embedded AWS of those tests that move its clock by hours and days."""
    with serve(tmp_path_factory.mktemp("moving")) as aws:
        yield aws


@pytest.fixture
def fault(aws: Aws) -> Iterator[AddFault]:
    """Return a function that adds a fault, which is gone after the test."""
    added = []

    def add(what: str, name: str, **members: Any) -> None:
        added.append(embedded.ask(aws.url, "faults", "POST", {"what": what, "name": name, **members})["id"])

    yield add
    for number in added:
        embedded.ask(aws.url, "faults", "DELETE", {"id": number})


@contextmanager
def serve(folder: Path, *options: str) -> Iterator[Aws]:
    """Run a server in a folder; its log is shown when it does not come up."""
    home = folder / "local"
    home.mkdir(exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "cookiecutter_mlops.localaws.server",
        "--home",
        str(home),
        "--region",
        REGION,
        "--iam",
        "off",  # most tests are of one service each; iam/ and tests/loop have it on
        *options,
    ]
    with (home / "server.log").open("w") as log:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        watcher = guard.start(mark := uuid.uuid4().hex)  # ends the server even when these tests are killed
        environment[guard.NAME] = f"{mark}/"
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        wait_for(lambda: server.poll() is not None or (home / "server.json").exists(), seconds=180)
        assert server.poll() is None, (home / "server.log").read_text()
        yield Aws(json.loads((home / "server.json").read_text())["url"], home)
    finally:
        server.terminate()
        server.wait(90)  # it writes what it holds
        watcher.communicate()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose embedded AWS is stopped in the end; the environment names no AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    yield tmp_path / "local"
    process.down(tmp_path / "local")


class Restarted:
    """An embedded AWS that a test takes down and up again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.up()

    def up(self) -> None:
        self.aws = Aws(process.up(self.home, REGION, iam="off").url, self.home)

    def restart(self) -> Aws:
        assert process.down(self.home)
        self.up()
        return self.aws


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Restarted]:
    home = tmp_path / "local"
    try:
        yield Restarted(home)
    finally:
        process.reset(home)


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Return what a condition gives as soon as it is true, or its last value when the time is over."""
    limit = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < limit:
        time.sleep(0.05)
    return value
