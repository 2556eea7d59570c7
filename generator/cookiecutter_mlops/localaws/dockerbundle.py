"""Bundles: what builds of the embedded AWS have for images, in folders that are named by their digest.

A bundle holds the files that a stage of a Dockerfile copies, and `.bundle.json`, how they are started. Its digest is
that of a manifest of both, as an image's is.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws import dockerrun
from cookiecutter_mlops.localaws.dockerfile import Stage

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def make(files: dockerrun.Files, stage: Stage) -> str:
    """Store what a stage made of files, and return its digest."""
    return _store(_pack(files, stage), stage, dockerrun.interpreter(stage, files))


def manifest(digest: str) -> str:
    """Return the manifest of a bundle."""
    return (folder(digest) / ".manifest.json").read_text()


def configuration(digest: str) -> bytes:
    """Return the blob that the manifest calls the image's configuration."""
    return _settings(json.loads((folder(digest) / ".bundle.json").read_text()))


def folder(digest: str) -> Path:
    """Return where a bundle's files are, or will be."""
    return home() / "images" / digest.removeprefix("sha256:")


def _pack(files: dockerrun.Files, stage: Stage) -> bytes:
    """Return a tar that depends on the files' names, contents and modes only."""
    buffer, programs = io.BytesIO(), dockerrun.programs(stage)
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for inside, file in files:
            member = tarfile.TarInfo(inside)
            content = file.read_bytes()
            is_program = os.access(file, os.X_OK) or programs.match(inside)
            member.size, member.mode = len(content), 0o755 if is_program else 0o644
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _store(content: bytes, stage: Stage, python: str) -> str:
    """Unpack a bundle into the folder that its digest names, and return the digest."""
    settings: dict[str, Any] = {"target": stage.name, "entrypoint": stage.entrypoint, "cmd": stage.command}
    settings |= {"env": stage.environment, "workdir": stage.workdir, "labels": stage.labels}
    settings["packages"] = dockerrun.packages(stage)
    described = _manifest(content, _settings(settings))
    digest = digest_of(described.encode())
    place = folder(digest)
    partial = place.with_suffix(f".{os.getpid()}")
    if not place.exists():
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(partial, filter="data")
        (partial / ".bundle.json").write_text(json.dumps(settings | {"python": python}, indent=2))
        (partial / ".manifest.json").write_text(described)
        try:
            partial.rename(place)
        except OSError:  # another build made the same bundle meanwhile
            shutil.rmtree(partial)
    return digest


def _manifest(content: bytes, settings: bytes) -> str:
    """Return the manifest, whose own digest is the bundle's: it covers the files and how they are started."""
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": len(content), "digest": digest_of(content)}
    config: dict[str, Any] = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(settings)}
    config["digest"] = digest_of(settings)
    whole = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": [layer]}
    return json.dumps(whole, sort_keys=True)


def _settings(bundle: dict[str, Any]) -> bytes:
    """Return how a bundle is started, as its digest counts it: the interpreter belongs to this machine."""
    return json.dumps({name: value for name, value in bundle.items() if name != "python"}, sort_keys=True).encode()


def digest_of(content: bytes) -> str:
    """Return what names a manifest or a blob."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def home() -> Path:
    """Return the embedded AWS's folder, which its builds are told."""
    if "MLOPS_LOCAL_HOME" not in os.environ:
        raise ValueError("this stand-in for Docker works in builds of the embedded AWS only")
    path = Path(os.environ["MLOPS_LOCAL_HOME"])
    (path / "images").mkdir(parents=True, exist_ok=True)
    return path
