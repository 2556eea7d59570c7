"""Which files are the data, and which version of it."""

import hashlib
import json
from pathlib import Path

from training.rules import DataError

MANIFEST = "manifest.json"  # what makes a folder a data snapshot: its version and the sums of its files
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
    manifest = source / MANIFEST
    if manifest.is_file():
        return str(json.loads(manifest.read_text())["version"])
    digest = hashlib.sha256()
    for path in data_files(source):
        with path.open("rb") as content:
            while part := content.read(2**20):
                digest.update(part)
    return f"local-{digest.hexdigest()[:8]}"


def data_files(source: Path) -> list[Path]:
    """The tables at a path; those of a snapshot must be the ones that its manifest lists."""
    if not source.exists():
        raise DataError(f"{source}: there is no such file; give a {KINDS} file.")
    if source.is_file():
        return [source]
    if (source / MANIFEST).is_file():
        return [_verified(source, entry) for entry in json.loads((source / MANIFEST).read_text())["files"]]
    files = sorted(path for path in source.iterdir() if kind(path))
    if not files:
        raise DataError(f"{source}: the folder holds no {KINDS} file.")
    return files


def _verified(snapshot: Path, entry: dict) -> Path:
    path = snapshot / Path(entry["name"]).name  # a manifest cannot point out of its folder
    if not path.is_file() or _sum(path) != entry["sha256"]:
        raise DataError(f"{path.name}: missing from the snapshot or changed since its manifest was written.")
    return path


def _sum(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
