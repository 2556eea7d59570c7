"""Which files are the data, and which version of it."""

import hashlib
import json
from collections import Counter
from pathlib import Path

from training import hosts
from training.cells import DataError
from training.hosts import Hosts

MANIFEST = "manifest.json"  # what makes a folder a data snapshot: its version and the sums of its files
CHANNEL = "manifest"  # which every machine has, where the files are shared (pipelines/job.py)
DECIMALS = (".csv", ".tsv")  # where a number is written by somebody, perhaps with a comma
TEXT = (*DECIMALS, ".ndjson", ".jsonl")  # also gzipped
READ = (*TEXT, ".parquet", ".xlsx")
KINDS = ", ".join(READ)


def kind(path: Path) -> str:
    """The ending that says how a file is read: `.csv` also for `rows.csv.gz`."""
    inner = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    found = inner.suffix.lower()
    return found if found in READ and (inner == path or found in TEXT) else ""


def data_version(source: Path) -> str:
    """The version of a snapshot, or for plain files a name made of their content."""
    if manifest := _manifest(source):
        return str(json.loads(manifest.read_text())["version"])
    digest = hashlib.sha256()
    for path in data_files(source):
        with path.open("rb") as content:
            while part := content.read(2**20):
                digest.update(part)
    return f"local-{digest.hexdigest()[:8]}"


def data_files(source: Path) -> list[Path]:
    """The tables at a path; those of a snapshot must be the ones that its manifest lists, or this machine's part."""
    if not source.exists():
        raise DataError(f"{source}: there is no such file; give a {KINDS} file.")
    if source.is_file():
        return [source]
    if manifest := _manifest(source):
        entries = json.loads(manifest.read_text())["files"]
        if hosts.sharded():
            return share(source, entries, hosts.here())
        return [_verified(source, entry) for entry in entries]
    files = sorted(path for path in source.iterdir() if kind(path))
    if not files:
        raise DataError(f"{source}: the folder holds no {KINDS} file.")
    return files


def _manifest(source: Path) -> Path | None:
    """The manifest of a snapshot: among its files, or in a channel of its own where machines share these."""
    places = source.parent / CHANNEL / MANIFEST, source / MANIFEST
    return next((place for place in places if source.is_dir() and place.is_file()), None)


def share(snapshot: Path, entries: list[dict], machines: Hosts) -> list[Path]:
    """The files that came to this machine; each of a snapshot must have come to one of them."""
    files = [_verified(snapshot, entry) for entry in entries if (snapshot / Path(entry["name"]).name).is_file()]
    print(f"{machines.current} has {len(files)} of the {len(entries)} files", flush=True)
    told = machines.every([path.name for path in files])
    found = Counter(name for names in told for name in names)
    for name in (Path(entry["name"]).name for entry in entries):
        if found[name] != 1:
            raise DataError(f"{name}: came to {found[name]} of {len(told)} machines; of a shared snapshot it is one.")
    if not files:
        raise DataError(f"no file came to this machine: there are {len(entries)} for {len(told)}; deliver more files.")
    return files


def _verified(snapshot: Path, entry: dict) -> Path:
    path = snapshot / Path(entry["name"]).name  # a manifest cannot point out of its folder
    if not path.is_file() or not _same(path, entry):
        raise DataError(f"{path.name}: missing from the snapshot or changed since its manifest was written.")
    return path


def _same(path: Path, entry: dict) -> bool:
    """Whether a file is what was uploaded; what is streamed from S3, which sums it, is not read twice for that."""
    if hosts.channel()[0] == "FastFile":
        return path.stat().st_size == entry["size"]
    return _sum(path) == entry["sha256"]


def _sum(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
