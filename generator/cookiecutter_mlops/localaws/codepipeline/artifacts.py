"""Artifacts travel between actions as zips in the pipeline's S3 bucket, as on AWS."""

import io
import os
import secrets
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws.codepipeline.exceptions import ActionFailed
from cookiecutter_mlops.localaws.sagemaker import storage

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codepipeline.action import Action
    from cookiecutter_mlops.localaws.codepipeline.execution import Execution


def put(action: "Action", archive: bytes) -> None:
    """Store a zip as the action's output artifact."""
    execution, name = action.execution, action.declared["outputArtifacts"][0]["name"]
    store = execution.declaration["artifactStore"]
    address = f"s3://{store['location']}/{execution.name[:20]}/{name[:10]}/{secrets.token_urlsafe(5)}"
    storage.write(execution.account, address, archive)
    execution.artifacts[name] = address


def get(execution: "Execution", name: str, folder: Path) -> None:
    """Unpack an artifact into a folder."""
    if name not in execution.artifacts:
        raise ActionFailed(f"The input artifact {name} was not made by an earlier action.", "ConfigurationError")
    unpack(storage.read(execution.account, execution.artifacts[name]), folder)


def unpack(archive: bytes, folder: Path) -> None:
    """Unpack a zip with the files' permissions, which Python's `extractall` would lose."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for member in opened.infolist():
            path = opened.extract(member, folder)
            if mode := (member.external_attr >> 16) & 0o777:
                os.chmod(path, mode)


def pack(folder: Path) -> bytes:
    """Return a folder as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(folder).as_posix())
    return buffer.getvalue()


def object_of(account: str, bucket: str, name: str) -> Any:
    """Return the newest version of an S3 object, or None."""
    return next((key for key in storage.objects(account, f"s3://{bucket}/{name}") if key.name == name), None)
