"""Reads one file out of a tar.gz in S3 without unpacking the rest, which may be gigabytes of weights."""

import json
import tarfile
from typing import Any

from botocore.exceptions import ClientError

from pipelines import project
from pipelines.project import PipelineError


def read_json(uri: str, name: str) -> Any:
    """The content of a JSON file of an archive."""
    bucket, key = project.split_s3(uri)
    try:
        body = project.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
        return json.loads(_member(body, name))
    except (ClientError, tarfile.TarError, EOFError, KeyError, ValueError) as error:
        raise PipelineError(f"{uri}: no readable {name} in it ({error}).") from None


def _member(body: Any, name: str) -> bytes:
    with tarfile.open(fileobj=body, mode="r|gz") as archive:
        for member in archive:
            if member.name.removeprefix("./") == name and (file := archive.extractfile(member)):
                return file.read()
    raise KeyError(name)
