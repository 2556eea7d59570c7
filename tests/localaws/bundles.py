"""What tests of the embedded AWS put into it: the tiny image beside this file, and buckets."""

import hashlib
import json
import shutil
import sys
import uuid
from pathlib import Path
from typing import Any

from tests.localaws.conftest import ACCOUNT, REGION, Aws

IMAGE = Path(__file__).with_name("image")


def push_bundle(aws: Aws) -> str:
    """Put the image into the embedded registry, as its docker stand-in does, and return its URI by digest."""
    digest = hashlib.sha256((IMAGE / "program.py").read_bytes()).hexdigest()
    return push_folder(aws, IMAGE, digest, ["python", "program.py"])


def push_folder(aws: Aws, source: Path, digest: str, entrypoint: list[str], python: str = sys.executable) -> str:
    """Put a folder's files into the embedded registry, once, and return their URI by digest."""
    folder = aws.home / "images" / digest
    if not folder.exists():  # if it does, a job may be reading it
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", ".git"))
        settings: dict[str, Any] = {"entrypoint": entrypoint, "env": {}, "python": python}
        (folder / ".bundle.json").write_text(json.dumps(settings))
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/tiny@sha256:{digest}"


def new_bucket(aws: Aws, **files: str) -> str:
    """Create a versioned bucket with some files and return its name."""
    s3, name = aws.client("s3"), f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for key, content in files.items():
        s3.put_object(Bucket=name, Key=key, Body=content.encode())
    return name
