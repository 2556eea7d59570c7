"""The `docker` that builds of the embedded AWS find on their PATH: it makes bundles where Docker makes images.

A bundle is a folder with the files that the Dockerfile's target stage copies from the context, or from a stage before
it (dockerbundle.py). It is pinned like an image: the digest is that of a manifest, which is put into the embedded ECR.
Of the `RUN` lines it takes part in what dockerrun.py says.
"""

import argparse
import fcntl
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from cookiecutter_mlops.localaws import dockerbundle, dockerrun
from cookiecutter_mlops.localaws.dockerfile import context_files, read_stage

TEMPLATES = {"{{.Id}}": "Id", "{{index .RepoDigests 0}}": "RepoDigests"}
COMMANDS = ("login", "build", "tag", "push", "pull", "inspect")


class Parser(argparse.ArgumentParser):
    """Answers what it does not know with one sentence."""

    def error(self, message: str) -> NoReturn:
        sys.exit(f"{self.prog}: {message} (a stand-in for Docker, which knows {', '.join(COMMANDS)})")


def main(arguments: list[str] | None = None) -> None:
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] in (["image"], ["buildx"]):  # the long names of the same commands
        words = words[1:]
    options = _parser().parse_args(words)
    try:
        globals()[options.command](options)
    except (OSError, ValueError) as error:
        sys.exit(f"docker {options.command}: {error}")


def _parser() -> Parser:
    parser = Parser(prog="docker", description="A stand-in for Docker: bundles, not images.")
    parser.add_argument("--version", action="version", version="docker of the embedded AWS: bundles, not images")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add = {name: commands.add_parser(name) for name in COMMANDS}
    add["login"].add_argument("server", nargs="?")
    add["login"].add_argument("-u", "--username")
    add["login"].add_argument("--password-stdin", action="store_true", required=True)
    add["build"].add_argument("-f", "--file", type=Path)
    add["build"].add_argument("-t", "--tag", action="append", default=[])
    add["build"].add_argument("--target")
    add["build"].add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    for name in ("--platform", "--provenance", "--progress"):
        add["build"].add_argument(name, help="without effect: a bundle runs on this machine")
    add["build"].add_argument("context", type=Path)
    add["tag"].add_argument("source")
    for name in ("tag", "push", "pull", "inspect"):
        add[name].add_argument("image")
    add["inspect"].add_argument("-f", "--format", choices=TEMPLATES, metavar="TEMPLATE")
    return parser


def login(options: argparse.Namespace) -> None:
    """Take any password: the embedded ECR asks for none."""
    if not sys.stdin.read().strip():
        raise ValueError("the password on standard input is empty")
    print("Login Succeeded")


def build(options: argparse.Namespace) -> None:
    """Pack the target stage's files and remember the bundle under its tags."""
    given = dict(argument.partition("=")[::2] for argument in options.build_arg)
    stage = read_stage((options.file or options.context / "Dockerfile").read_text(), options.target, given)
    with tempfile.TemporaryDirectory() as folder:
        files = context_files(
            options.context, stage, lambda origin: dockerrun.made(options.context, origin, Path(folder))
        )
        digest = dockerbundle.make(files, stage)
    with _names("docker.json") as local:
        local.update((_full(tag), digest) for tag in options.tag)
    what = f"the stage {stage.name}" if stage.name else "the Dockerfile"
    print(f"No image was built: {what} is a bundle of {len(files)} files, pinned by its digest.")
    print("Of its RUN lines, only pip and chmod had an effect.")
    print(digest)


def tag(options: argparse.Namespace) -> None:
    """Give a known bundle one more name."""
    with _names("docker.json") as local:
        local[_full(options.image)] = _known(local, options.source)


def push(options: argparse.Namespace) -> None:
    """Put the bundle's manifest into the embedded ECR, which refuses to move an immutable tag."""
    image = _full(options.image)
    with _names("docker.json") as local:
        digest = _known(local, image)
    _put(image, digest)
    with _names("registry.json") as registry:
        registry[image] = digest
    print(f"{image.rpartition(':')[2]}: digest: {digest} (a bundle, no image)")


def pull(options: argparse.Namespace) -> None:
    """Take a name from the embedded ECR."""
    with _names("docker.json") as local, _names("registry.json") as registry:
        local[_full(options.image)] = digest = _known(registry, options.image)
    print(f"Digest: {digest} (a bundle, no image)")


def inspect(options: argparse.Namespace) -> None:
    """Print what is known of a bundle, or the part that `--format` asks for."""
    with _names("docker.json") as local, _names("registry.json") as registry:
        digest = _known(local, options.image)
        tags = [name for name, known in local.items() if known == digest]
        pushed = {f"{name.rpartition(':')[0]}@{digest}" for name, known in registry.items() if known == digest}
    facts = {"Id": digest, "RepoTags": tags, "RepoDigests": sorted(pushed)}
    if not options.format:
        print(json.dumps([facts], indent=2))
    elif TEMPLATES[options.format] == "Id":
        print(digest)
    elif not pushed:
        raise ValueError(f"{options.image}: has no digest in a repository before it is pushed")
    else:
        print(facts["RepoDigests"][0])


def _put(image: str, digest: str) -> None:
    import boto3
    from botocore.exceptions import ClientError

    ecr = boto3.client("ecr")
    name, _, label = image.rpartition(":")
    repository = name.partition("/")[2]
    manifest = dockerbundle.manifest(digest)
    try:
        _upload(ecr, repository, dockerbundle.configuration(digest))
        ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag=label, imageDigest=digest)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ImageAlreadyExistsException":
            raise ValueError(error.response["Error"]["Message"]) from None
        there = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": label}])["imageDetails"][0]
        if there["imageDigest"] != digest:  # the same image under the same tag is no news
            raise ValueError(f"tag {label} is immutable and names {there['imageDigest']} already") from None


def _upload(ecr: Any, repository: str, blob: bytes) -> None:
    """Upload the image's configuration as Docker uploads blobs; its files are here already."""
    digest = dockerbundle.digest_of(blob)
    known = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])["layers"]
    if not any(layer["layerAvailability"] == "AVAILABLE" for layer in known):
        upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
        part = {"partFirstByte": 0, "partLastByte": len(blob) - 1, "layerPartBlob": blob}
        ecr.upload_layer_part(repositoryName=repository, uploadId=upload, **part)
        ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])


def _known(names: dict[str, str], image: str) -> str:
    """Return the digest of an image, by name or by digest."""
    digest = image.rpartition("@")[2] if "@" in image else image
    if digest in names.values():
        return digest
    if _full(image) not in names:
        raise ValueError(f"{image}: there is no such image")
    return names[_full(image)]


def _full(image: str) -> str:
    """Return an image's name with its tag; a colon before the last slash belongs to a port."""
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"


@contextmanager
def _names(file: str) -> Iterator[dict[str, str]]:
    """Give the digests by name and tag, and write back what changed; one program at a time."""
    path = dockerbundle.home() / file
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = json.loads(path.read_text()) if path.exists() else {}
        names = dict(before)
        yield names
        if names != before:
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps(names, indent=2, sort_keys=True))
            partial.replace(path)  # a reader sees all of it or nothing


if __name__ == "__main__":
    main()
