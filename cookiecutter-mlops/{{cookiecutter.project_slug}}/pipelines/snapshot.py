"""Data snapshots: frozen copies of the training data, each under a version that a model records.

    python -m pipelines.snapshot push FILE      # checks a file or a folder against project.toml, then uploads it
    python -m pipelines.snapshot take           # freezes what is complete under raw/, as the Train build does
    python -m pipelines.snapshot list

A snapshot is a folder `snapshots/<version>/` of the data bucket. Its manifest is written last, so that an interrupted
upload is no snapshot. What is pushed is a snapshot by itself; deliveries under raw/ add up (pipelines/arrivals.py). The
newest of both counts. Checking needs the environment of training (requirements/dev.txt), the rest needs boto3 only.
"""

import argparse
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines import arrivals, gatekeeper, project
from pipelines.project import PipelineError
from training.settings import load_settings

MANIFEST = "manifest.json"
PREFIX = "snapshots/"
NEWEST = "newest"


@dataclass(frozen=True)
class Snapshot:
    """One version of the data: where it is, whether it is only the sample, whether it came by raw/, how many files."""

    version: str
    uri: str
    sample: bool
    arrived: bool = False
    files: int = field(default=1, compare=False)


def wanted(spec: dict[str, Any], version: str) -> Snapshot:
    """The data to train on: a version that somebody asks for, else the newest, else the sample."""
    if version == NEWEST:
        return take(spec) or push_sample(spec)
    if version not in versions(spec["data_bucket"]):
        raise PipelineError(f"{version}: there is no such snapshot; `python -m pipelines.snapshot list` shows them.")
    return read(f"s3://{spec['data_bucket']}/{PREFIX}{version}/")


def take(spec: dict[str, Any]) -> Snapshot | None:
    """Freeze what is complete under raw/, unless that was done or a file was pushed since; the newest one, or None."""
    bucket, retraining = spec["data_bucket"], gatekeeper.spec()
    known, made = newest(spec), versions(bucket)
    found = arrivals.complete(bucket, retraining) if retraining else []
    if not found or (version := arrivals.version(found)) in made:
        return known
    if known and not known.arrived and made[known.version] > max(entry.modified for entry in found):
        return known
    print(f"freezing {len(found)} objects of {arrivals.RAW} as {version}", flush=True)
    files = arrivals.freeze(bucket, found, f"{PREFIX}{version}/")
    return seal(bucket, version, files, sample=False, arrived=True)


def newest(spec: dict[str, Any]) -> Snapshot | None:
    """The newest complete snapshot, by the clock of S3."""
    made = versions(spec["data_bucket"])
    return read(f"s3://{spec['data_bucket']}/{PREFIX}{max(made, key=lambda v: (made[v], v))}/") if made else None


def versions(bucket: str) -> dict[str, datetime]:
    """Every version with a manifest, and since when; one that has none is still being made, or was never finished."""
    pages = project.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX)
    entries = [entry for page in pages for entry in page.get("Contents", [])]
    sealed = [entry for entry in entries if entry["Key"].removeprefix(PREFIX).partition("/")[2] == MANIFEST]
    return {entry["Key"].split("/")[1]: entry["LastModified"] for entry in sealed}


def read(uri: str) -> Snapshot:
    """A snapshot by the place of its folder."""
    bucket, prefix = project.split_s3(uri)
    body = project.client("s3").get_object(Bucket=bucket, Key=f"{prefix}{MANIFEST}")["Body"].read()
    manifest = json.loads(body)
    files = len(manifest.get("files", []))
    return Snapshot(manifest["version"], uri, bool(manifest["sample"]), bool(manifest.get("arrived")), files)


def push(source: Path) -> Snapshot:
    """Check a file, or those of a folder, by the rules of training, then upload: bad data leaves nothing behind."""
    from training.batches import check  # and its readers, which a build that only starts jobs does without
    from training.files import data_files

    rows = check(source, load_settings())
    return upload(project.training_spec(), data_files(source), rows=rows, sample=False)


def push_sample(spec: dict[str, Any]) -> Snapshot:
    """The synthetic rows of the repository, for the first day."""
    file = Path(load_settings().data.sample)
    if not file.is_file():
        raise PipelineError(f"{file}: no sample, and no data yet; run `python -m pipelines.snapshot push FILE`.")
    return upload(spec, [file], sample=True)


def upload(spec: dict[str, Any], files: list[Path], *, sample: bool, **more: Any) -> Snapshot:
    """Copy files and then their manifest, with whatever more is known of them, into a new version."""
    entries = [{"name": file.name, "size": file.stat().st_size, "sha256": digest(file)} for file in files]
    content = hashlib.sha256("".join(str(entry["sha256"]) for entry in entries).encode())
    version = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{content.hexdigest()[:8]}"
    for file, entry in zip(files, entries, strict=True):
        entry["version_id"] = put_file(spec["data_bucket"], f"{PREFIX}{version}/{file.name}", file)
    return seal(spec["data_bucket"], version, entries, sample=sample, **more)


def seal(bucket: str, version: str, files: list[dict[str, Any]], *, sample: bool, **more: Any) -> Snapshot:
    """Write the manifest, by which a folder becomes a snapshot."""
    manifest = {"version": version, "files": files, "sample": sample, **more}
    key, body = f"{PREFIX}{version}/{MANIFEST}", json.dumps(manifest, indent=2).encode()
    project.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return Snapshot(version, f"s3://{bucket}/{PREFIX}{version}/", sample, bool(more.get("arrived")), len(files))


def put_file(bucket: str, key: str, file: Path) -> str:
    """Upload in parts, and say under which version the bucket keeps it."""
    project.client("s3").upload_file(str(file), bucket, key)
    return project.client("s3").head_object(Bucket=bucket, Key=key).get("VersionId", "")


def digest(file: Path) -> str:
    """The sha256 of a file, read in blocks."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make and list data snapshots.")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("push", help="check a file or a folder, the newest snapshot").add_argument("file", type=Path)
    actions.add_parser("take", help="freeze what is complete under raw/ as the newest snapshot")
    actions.add_parser("list", help="list the versions, newest last")
    arguments = parser.parse_args()
    if arguments.action == "push":
        print(push(arguments.file).uri)
        print(gatekeeper.new_data(arguments.file.name) or "A push of the code trains on it.")
    elif arguments.action == "take":
        taken = take(project.training_spec())
        print(taken.uri if taken else f"nothing is complete under {arrivals.RAW}, and there is no snapshot")
    else:
        made = versions(project.training_spec()["data_bucket"])
        print(*sorted(made, key=lambda version: made[version]), sep="\n")


if __name__ == "__main__":
    project.command(main)
