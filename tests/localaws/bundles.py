"""What tests of the embedded AWS put into it: the tiny image beside this file, and buckets."""

import hashlib
import json
import os
import shutil
import subprocess
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
        accepts_port = {"com.amazonaws.sagemaker.capabilities.accept-bind-to-port": "true"}
        settings: dict[str, Any] = {"entrypoint": entrypoint, "labels": accepts_port, "python": python}
        (folder / ".bundle.json").write_text(json.dumps(settings))
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/tiny@sha256:{digest}"


def build_image(aws: Aws, context: Path) -> str:
    """Build and push what a folder's Dockerfile describes, as a build does, and return its URI."""
    name = f"foreign-{uuid.uuid4().hex[:8]}"
    uri = aws.client("ecr").create_repository(repositoryName=name)["repository"]["repositoryUri"]
    known = {"PATH": os.environ["PATH"], "MLOPS_LOCAL_HOME": str(aws.home), "AWS_ENDPOINT_URL": aws.url}
    known |= {"AWS_DEFAULT_REGION": REGION, "MLOPS_ENVIRONMENTS": str(aws.home / "environments")}
    known |= {"AWS_ACCESS_KEY_ID": "embedded-aws", "AWS_SECRET_ACCESS_KEY": "embedded-aws"}
    docker = [sys.executable, "-P", "-m", "cookiecutter_mlops.localaws.docker_shim"]
    for command in (["build", "-t", f"{uri}:1", "."], ["push", f"{uri}:1"]):
        subprocess.run([*docker, *command], cwd=context, env=known, check=True)
    return f"{uri}:1"


def new_bucket(aws: Aws, **files: str) -> str:
    """Create a versioned bucket with some files and return its name."""
    s3, name = aws.client("s3"), f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for key, content in files.items():
        s3.put_object(Bucket=name, Key=key, Body=content.encode())
    return name
