"""What the embedded AWS costs: its start, its memory, going down and up with a full project, and large objects.

Run: python benchmarks/embedded_aws.py [FOLDER OF A PROJECT ON ITS EMBEDDED AWS]

Figures are seconds and megabytes on this machine, and ratios to moto's own server, started beside it. A hundred
clients for a minute are a test: MLOPS_CLIENT_SECONDS=60 pytest tests/localaws/test_parallel_clients.py -s
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3
from rich.console import Console
from rich.table import Table

from cookiecutter_mlops.localaws import process, runtime
from cookiecutter_mlops.localaws.process import Server

GIGABYTE = 1024**3
STARTS = 5


def main() -> None:
    table = Table("what", "seconds", "MB", "note")
    with tempfile.TemporaryDirectory() as name:
        starts = [_start(Path(name) / str(number)) for number in range(STARTS)]
        moto = [_start_moto() for _ in range(STARTS)]
        ours, theirs = (statistics.median(seconds for seconds, _ in all_of) for all_of in (starts, moto))
        table.add_row("start, empty", f"{ours:.1f}", f"{starts[0][1]:.0f}", f"{ours / theirs:.1f} times moto's server")
        table.add_row("start of moto's server", f"{theirs:.1f}", f"{moto[0][1]:.0f}", "")
        _large_object(Path(name) / "large", table)
    if len(sys.argv) > 1:
        _project(Path(sys.argv[1]) / process.HOME, table)
    Console().print(table)


def _start(home: Path) -> tuple[float, float]:
    """Return the seconds until an empty embedded AWS answers, and its memory in MB."""
    started = time.perf_counter()
    server = process.up(home, "eu-west-1")
    seconds = time.perf_counter() - started
    memory = server.memory_mb
    process.down(home)
    return seconds, memory


def _start_moto() -> tuple[float, float]:
    port = runtime.free_port()
    started = time.perf_counter()
    command = [str(Path(sys.executable).with_name("moto_server")), "--port", str(port)]
    moto = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/").read()
                return time.perf_counter() - started, Server(moto.pid, port, "", "", "", "", "").memory_mb
            except OSError:
                time.sleep(0.02)
    finally:
        moto.kill()
        moto.wait()


def _large_object(home: Path, table: Table) -> None:
    """Take a gigabyte in ten objects down and up again."""
    server = process.up(home, "eu-west-1")
    s3 = boto3.client("s3", endpoint_url=server.url, region_name=server.region, **_keys())
    s3.create_bucket(Bucket="large", CreateBucketConfiguration={"LocationConstraint": server.region})
    for number in range(10):
        s3.put_object(Bucket="large", Key=str(number), Body=os.urandom(GIGABYTE // 10))
    table.add_row("1 GB in S3", "", f"{server.memory_mb:.0f}", f"{_size(home / 'objects'):.0f} MB in files")
    _again("1 GB in S3", home, table)
    process.down(home)


def _project(home: Path, table: Table) -> None:
    """Take a project's embedded AWS down and up again."""
    server = process.running(home)
    table.add_row("full project", "", f"{server.memory_mb:.0f}", f"IAM {server.iam}")
    _again("full project", home, table, server.iam)


def _again(what: str, home: Path, table: Table, iam: str = "on") -> None:
    region, started = process.running(home).region, time.perf_counter()
    process.down(home)
    table.add_row(
        f"down with {what}", f"{time.perf_counter() - started:.1f}", "", f"snapshot {_size(home / 'snapshot'):.1f} MB"
    )
    started = time.perf_counter()
    server = process.up(home, region, iam=iam)
    table.add_row(f"up with {what}", f"{time.perf_counter() - started:.1f}", f"{server.memory_mb:.0f}", "")


def _size(path: Path) -> float:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1024**2


def _keys() -> dict[str, str]:
    return {name.lower(): value for name, value in runtime.CREDENTIALS.items()}


if __name__ == "__main__":
    main()
