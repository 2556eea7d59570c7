"""Data snapshots: frozen copies of the training data, each under a version that a model records.

    python -m pipelines.snapshot push FILE      # checks the file against project.toml, then uploads it
    python -m pipelines.snapshot list

A snapshot is a folder `snapshots/<version>/` of the data bucket. Its manifest is written last, so that an interrupted
upload is no snapshot. Checking needs the environment of training (requirements/dev.txt), the rest needs boto3 only.
"""

import argparse
import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines import project
from pipelines.project import PipelineError
from training.settings import load_settings

MANIFEST = "manifest.json"
PREFIX = "snapshots/"


@dataclass(frozen=True)
class Snapshot:
    """One version of the data: where it is, and whether it is only the synthetic sample."""

    version: str
    uri: str
    sample: bool


def newest(spec: dict[str, Any]) -> Snapshot | None:
    """The newest complete snapshot."""
    found = max(versions(spec["data_bucket"]), default=None)
    return read(f"s3://{spec['data_bucket']}/{PREFIX}{found}/") if found else None


def versions(bucket: str) -> Iterator[str]:
    """Every version with a manifest; one that has none is still being uploaded, or was never finished."""
    pages = project.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX)
    for key in (entry["Key"] for page in pages for entry in page.get("Contents", [])):
        version, _, name = key.removeprefix(PREFIX).partition("/")
        if name == MANIFEST:
            yield version


def read(uri: str) -> Snapshot:
    """A snapshot by the place of its folder."""
    bucket, prefix = project.split_s3(uri)
    body = project.client("s3").get_object(Bucket=bucket, Key=f"{prefix}{MANIFEST}")["Body"].read()
    manifest = json.loads(body)
    return Snapshot(manifest["version"], uri, bool(manifest["sample"]))


def push(file: Path) -> Snapshot:
    """Check a file by the rules that training has, then upload it: bad data leaves nothing behind."""
    from training.data import load_table  # pandas, which a build that only starts jobs does without

    rows = len(load_table(file, load_settings()))
    return upload(project.training_spec(), file, rows=rows, sample=False)


def push_sample(spec: dict[str, Any]) -> Snapshot:
    """The synthetic rows of the repository, for the first day."""
    file = Path(load_settings().data.sample)
    if not file.is_file():
        raise PipelineError(f"{file}: no sample, and no data yet; run `python -m pipelines.snapshot push FILE`.")
    with file.open(newline="") as lines:
        rows = sum(1 for _ in csv.reader(lines)) - 1
    return upload(spec, file, rows=rows, sample=True)


def upload(spec: dict[str, Any], file: Path, *, rows: int, sample: bool) -> Snapshot:
    """Copy a file and then its manifest into a new version."""
    sha256 = digest(file)
    version = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{sha256[:8]}"
    folder = f"{PREFIX}{version}/"
    entry = {"name": file.name, "size": file.stat().st_size, "sha256": sha256}
    entry["version_id"] = put_file(spec["data_bucket"], folder + file.name, file)
    manifest = {"version": version, "files": [entry], "rows": rows, "sample": sample, "source_name": file.name}
    body = json.dumps(manifest, indent=2).encode()
    project.client("s3").put_object(Bucket=spec["data_bucket"], Key=folder + MANIFEST, Body=body)
    return Snapshot(version, f"s3://{spec['data_bucket']}/{folder}", sample)


def put_file(bucket: str, key: str, file: Path) -> str:
    """Upload in parts, and say under which version the bucket keeps it."""
    project.client("s3").upload_file(str(file), bucket, key)
    return project.client("s3").head_object(Bucket=bucket, Key=key).get("VersionId", "")


def digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make and list data snapshots.")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("push", help="check a file and make it the newest snapshot").add_argument("file", type=Path)
    actions.add_parser("list", help="list the versions, newest last")
    arguments = parser.parse_args()
    if arguments.action == "push":
        print(push(arguments.file).uri)
    else:
        print(*sorted(versions(project.training_spec()["data_bucket"])), sep="\n")


if __name__ == "__main__":
    project.command(main)
