"""Builds the images of this commit, pushes them, and names them by digest: what is tested is what runs.

    COMMIT=$(git rev-parse HEAD) python -m pipelines.package --env-file images.env

An image that this commit already has is not built again, so that a retry is short and tags may be immutable.
"""

import argparse
import base64
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from pipelines import project
from pipelines.project import PipelineError

PLAIN = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}  # else docker pushes an index, which SageMaker does not start
PIP_CONFIG = Path.home() / ".config" / "pip" / "pip.conf"
TARGETS = {"train": "TRAIN_IMAGE", "serve": "SERVE_IMAGE"}  # final stages of the Dockerfile, and how they are called


def package(repository: str, uri: str, commit: str) -> dict[str, str]:
    """The digest URI of each image, built where there was none."""
    images = {}
    for target, variable in TARGETS.items():
        tag = image_tag(target, commit)
        known = digest(repository, tag)
        if known is None:
            build(f"{uri}:{tag}", target)
            known = digest(repository, tag)
        if known is None:
            raise PipelineError(f"{uri}:{tag}: was pushed, but the repository does not know it; run the stage again.")
        images[variable] = f"{uri}@{known}"
        print(f"{target:6} {images[variable]}", flush=True)
    return images


def image_tag(target: str, commit: str) -> str:
    """One tag for one image of one commit; the version of an S3 source may hold more than a tag allows."""
    return f"{target}-{re.sub('[^A-Za-z0-9._-]', '-', commit)[:64]}"


def digest(repository: str, tag: str) -> str | None:
    """What the registry holds under a tag."""
    ecr = project.client("ecr")
    try:
        found = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        return None
    return found["imageDetails"][0]["imageDigest"]


def built(spec: dict[str, Any]) -> tuple[str, str]:
    """The train image of the newest commit here, by digest, and that commit."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], text=True, capture_output=True, check=True).stdout.strip()
    found = digest(spec["image_repository_name"], image_tag("train", commit))
    if found is None:
        raise PipelineError(f"commit {commit[:8]}: has no image yet; push it, and wait for the stage Package.")
    return f"{spec['image_repository_url']}@{found}", commit


def build(image: str, target: str) -> None:
    """Build one target of the Dockerfile, and push it."""
    docker("build", "--target", target, "--tag", image, *package_index(), ".")
    docker("push", image)


def package_index() -> list[str]:
    """Where a private package index is signed in to (buildspecs/package.yml), its token reaches pip, but no image."""
    return ["--secret", f"id=pip,src={PIP_CONFIG}"] if os.environ.get("CODEARTIFACT_DOMAIN") else []


def sign_in(uri: str) -> None:
    """Let docker push; the password goes through a pipe and never shows in a process list."""
    token = project.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    docker("login", "--username", user, "--password-stdin", uri.partition("/")[0], text=password)


def docker(*arguments: str, text: str | None = None) -> None:
    """Run docker; PipelineError where it is not installed or fails."""
    try:
        done = subprocess.run(["docker", *arguments], input=text, text=True, env=os.environ | PLAIN)
    except FileNotFoundError:
        raise PipelineError("docker: is not installed here; let the train pipeline build the images.") from None
    if done.returncode:
        raise PipelineError(f"docker {arguments[0]}: failed with exit code {done.returncode}, see the lines above.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Build and push the images of this commit.")
    parser.add_argument("--env-file", type=Path, default=Path("images.env"), help="where to write their digests")
    arguments = parser.parse_args()
    spec = project.training_spec()
    sign_in(spec["image_repository_url"])
    images = package(spec["image_repository_name"], spec["image_repository_url"], project.commit())
    project.export(arguments.env_file, images)


if __name__ == "__main__":
    project.command(main)
