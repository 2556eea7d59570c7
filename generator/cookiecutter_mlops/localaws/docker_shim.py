"""The `docker` that builds of the embedded AWS find on their PATH: it makes bundles where Docker makes images.

A bundle is a folder with the files that the Dockerfile's target stage copies from the context. It is pinned like an
image: the digest is that of a manifest, which is put into the embedded ECR. `RUN` lines are not executed: the
packages come from the environment of the build.
"""

import argparse
import fcntl
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws.dockerfile import Stage, context_files, read_stage

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="docker", description="A stand-in for Docker: bundles, not images.")
    commands = parser.add_subparsers(dest="command", required=True)
    login_parser = commands.add_parser("login")
    login_parser.add_argument("server", nargs="?")
    login_parser.add_argument("-u", "--username")
    login_parser.add_argument("--password-stdin", action="store_true")
    build_parser = commands.add_parser("build")
    build_parser.add_argument("-f", "--file", type=Path)
    build_parser.add_argument("-t", "--tag", action="append", required=True)
    build_parser.add_argument("--target")
    build_parser.add_argument("--platform", help="without effect: a bundle runs on this machine")
    build_parser.add_argument("context", type=Path)
    tag_parser = commands.add_parser("tag")
    tag_parser.add_argument("source")
    tag_parser.add_argument("name")
    push_parser = commands.add_parser("push")
    push_parser.add_argument("name")
    inspect_parser = commands.add_parser("inspect")
    inspect_parser.add_argument("name")
    options = parser.parse_args(arguments)
    try:
        {"login": login, "build": build, "tag": tag, "push": push, "inspect": inspect}[options.command](options)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"docker {options.command}: {error}")


def login(options: argparse.Namespace) -> None:
    if options.password_stdin and not sys.stdin.read().strip():
        raise ValueError("the password is empty")
    print("Login Succeeded")


def build(options: argparse.Namespace) -> None:
    """Pack the target stage's files and remember the bundle under its tags."""
    stage = read_stage((options.file or options.context / "Dockerfile").read_text(), options.target)
    content = _pack(options.context, stage)
    manifest = _manifest(content)
    digest = _digest(manifest.encode())
    folder = _home() / "images" / digest.removeprefix("sha256:")
    if not folder.exists():
        partial = folder.with_suffix(f".{os.getpid()}")
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(partial, filter="data")
        (partial / ".bundle.json").write_text(json.dumps(_settings(stage), indent=2))
        (partial / ".manifest.json").write_text(manifest)
        try:
            partial.rename(folder)
        except OSError:  # another build made the same bundle meanwhile
            shutil.rmtree(partial)
    with _registry() as registry:
        registry.update(dict.fromkeys(options.tag, digest))
    print(f"No image is built here: {', '.join(options.tag)} is a bundle of {stage.name or 'the context'}, {digest}")


def tag(options: argparse.Namespace) -> None:
    with _registry() as registry:
        registry[options.name] = registry[options.source]


def push(options: argparse.Namespace) -> None:
    """Put the bundle's manifest into the embedded ECR, which refuses to move an immutable tag."""
    import boto3
    from botocore.exceptions import ClientError

    with _registry() as registry:
        digest = registry[options.name]
    name, _, label = options.name.rpartition(":")
    manifest = (_home() / "images" / digest.removeprefix("sha256:") / ".manifest.json").read_text()
    try:
        boto3.client("ecr").put_image(
            repositoryName=name.partition("/")[2], imageManifest=manifest, imageTag=label, imageDigest=digest
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ImageAlreadyExistsException":
            raise ValueError(error.response["Error"]["Message"]) from None
    print(f"{label}: digest: {digest} (a bundle)")


def inspect(options: argparse.Namespace) -> None:
    with _registry() as registry:
        digest = registry[options.name]
    repository = options.name.partition("@")[0].rpartition(":")[0]
    print(json.dumps([{"Id": digest, "RepoTags": [options.name], "RepoDigests": [f"{repository}@{digest}"]}], indent=2))


def _pack(context: Path, stage: Stage) -> bytes:
    """Return a tar that depends on the files' names, contents and modes only, and on how the stage starts."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for inside, file in context_files(context, stage):
            member = tarfile.TarInfo(inside)
            content = file.read_bytes()
            member.size, member.mode = len(content), 0o755 if os.access(file, os.X_OK) else 0o644
            archive.addfile(member, io.BytesIO(content))
        settings = json.dumps([stage.name, stage.entrypoint, stage.command, stage.environment]).encode()
        member = tarfile.TarInfo(".stage.json")
        member.size = len(settings)
        archive.addfile(member, io.BytesIO(settings))
    return buffer.getvalue()


def _manifest(content: bytes) -> str:
    layer: dict[str, Any] = {"mediaType": "application/vnd.docker.image.rootfs.diff.tar", "size": len(content)}
    layer["digest"] = config = _digest(content)
    manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "layers": [layer]}
    manifest["config"] = {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 0, "digest": config}
    return json.dumps(manifest, sort_keys=True)


def _settings(stage: Stage) -> dict[str, Any]:
    """What the runtime needs to start the bundle."""
    return {
        "target": stage.name,
        "entrypoint": stage.entrypoint,
        "cmd": stage.command,
        "env": stage.environment,
        "python": os.environ.get("MLOPS_BUILD_PYTHON", sys.executable),
    }


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _home() -> Path:
    home = Path(os.environ["MLOPS_LOCAL_HOME"])
    (home / "images").mkdir(parents=True, exist_ok=True)
    return home


@contextmanager
def _registry() -> Iterator[dict[str, str]]:
    """Give the digests by `name:tag`, and write them back; one program at a time."""
    file = _home() / "registry.json"
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        registry = json.loads(file.read_text()) if file.exists() else {}
        yield registry
        file.write_text(json.dumps(registry, indent=2, sort_keys=True))


if __name__ == "__main__":
    main()
