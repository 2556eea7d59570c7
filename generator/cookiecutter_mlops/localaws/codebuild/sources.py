"""Where a build that no pipeline started takes its source from."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws.codebuild.exceptions import BuildFailed, InvalidInputException
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated
from cookiecutter_mlops.localaws.iam import acting

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codebuild.build import Build


def check(project: dict[str, Any]) -> None:
    """Refuse at once what cannot be fetched, or stored, here."""
    source, artifacts = project["source"]["type"], project["artifacts"]["type"]
    if source == "CODEPIPELINE":
        raise InvalidInputException(f"{project['name']} takes its source from CodePipeline: start the pipeline instead")
    if source not in ("CODECOMMIT", "NO_SOURCE", "S3"):
        raise NotEmulated(f"StartBuild with a source of type {source}")
    if artifacts != "NO_ARTIFACTS":
        raise NotEmulated(f"StartBuild with artifacts of type {artifacts}")


def fetch(build: "Build", folder: Path) -> None:
    """Put the source of a build into a new folder."""
    folder.mkdir(parents=True)
    source = build.project["source"]
    try:
        if source["type"] == "S3":
            _s3(build, source["location"], folder)
        if source["type"] == "CODECOMMIT":
            _codecommit(build, source["location"].rpartition("/")[2], folder)
    except AwsError as error:
        raise BuildFailed(f"{source['location']}: {error}", "CLIENT_ERROR") from None


def _s3(build: "Build", location: str, folder: Path) -> None:
    """Unpack a zip, named as `bucket/key`."""
    from cookiecutter_mlops.localaws.codepipeline import artifacts

    bucket, _, key = location.partition("/")
    acting.check_read(build.account, bucket, key)
    found = artifacts.object_of(build.account, bucket, key)
    if found is None:
        raise BuildFailed(f"The object {key} does not exist in the bucket {bucket}.", "CLIENT_ERROR")
    artifacts.unpack(found.value, folder)


def _codecommit(build: "Build", name: str, folder: Path) -> None:
    from cookiecutter_mlops.localaws.codecommit.git import Repository
    from cookiecutter_mlops.localaws.codepipeline import artifacts

    acting.check("codecommit:GitPull", f"arn:aws:codecommit:{build.region}:{build.account}:{name}")
    repository = Repository.of(build.account, build.region, name)
    version = build.source_version or "main"
    commit = repository.commit(version)
    if not commit:
        raise BuildFailed(f"{version}: the repository {name} has no such branch or commit.", "CLIENT_ERROR")
    build.source_version = commit["commitId"]
    artifacts.unpack(repository.archive(commit["commitId"]), folder)
