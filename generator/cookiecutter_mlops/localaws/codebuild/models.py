"""CodeBuild's state and operations. Each public method is an operation: it takes the request, returns the answer."""

import time
from pathlib import Path
from typing import Any

from moto.core.base_backend import BaseBackend

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.codebuild.executor import Build
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.sagemaker import storage

Document = dict[str, Any]

DEFAULTS = {
    "timeoutInMinutes": 60,
    "queuedTimeoutInMinutes": 480,
    "cache": {"type": "NO_CACHE"},
    "projectVisibility": "PRIVATE",
    "secondarySources": [],
    "secondaryArtifacts": [],
}
SOURCES = ("CODEPIPELINE", "S3", "NO_SOURCE", "CODECOMMIT", "GITHUB", "BITBUCKET", "GITHUB_ENTERPRISE", "GITLAB")


class CodeBuildBackend(BaseBackend):
    """The CodeBuild of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.projects: dict[str, Document] = {}
        self.builds: dict[str, Build] = {}

    def create_project(self, request: Document) -> Document:
        name = request["name"]
        if name in self.projects:
            raise AwsError("ResourceAlreadyExistsException", f"Project already exists: {self._arn('project', name)}")
        _check(request)
        document: Document = DEFAULTS | _filled(request) | {"arn": self._arn("project", name), "created": time.time()}
        document.setdefault("encryptionKey", f"arn:aws:kms:{self.region_name}:{self.account_id}:alias/aws/s3")
        document["environment"].setdefault("imagePullCredentialsType", "CODEBUILD")
        document["badge"] = {"badgeEnabled": bool(request.get("badgeEnabled"))}
        document["lastModified"] = document["created"]
        self.projects[name] = document
        return {"project": document}

    def update_project(self, request: Document) -> Document:
        document = self._project(request["name"])
        _check(document | request)
        # An empty structure takes a setting back: that is how the SDKs say it.
        document.update(request, lastModified=time.time())
        document["environment"].setdefault("imagePullCredentialsType", "CODEBUILD")
        return {"project": document}

    def delete_project(self, request: Document) -> Document:
        self.projects.pop(request["name"], None)
        return {}

    def batch_get_projects(self, request: Document) -> Document:
        names = [name.rpartition("project/")[2] for name in request["names"]]
        missing = [name for name in names if name not in self.projects]
        return {"projects": [self.projects[n] for n in names if n in self.projects], "projectsNotFound": missing}

    def list_projects(self, request: Document) -> Document:
        return {"projects": sorted(self.projects)}

    def start_build(self, request: Document) -> Document:
        """Run a build by itself; only projects that take their source from S3, or from nowhere, can."""
        project = self._project(request["projectName"])
        source = self._source(project)
        overrides = request.get("environmentVariablesOverride") or []
        buildspec = request.get("buildspecOverride")
        build = self.run(project["name"], source, overrides, request.get("initiator", "embedded-aws"), buildspec)
        return {"build": build.document()}

    def run(
        self, name: str, source: Path, environment: list[Document], initiator: str, buildspec: str | None = None
    ) -> Build:
        """Start a build of a project on a folder of files."""
        project = self._project(name)
        number = 1 + sum(build.project["name"] == name for build in self.builds.values())
        build = Build(self.account_id, self.region_name, project, source, environment, initiator, number, buildspec)
        self.builds[build.id] = build
        build.start()
        return build

    def stop_build(self, request: Document) -> Document:
        build = self._build(request["id"])
        build.stop()
        return {"build": build.document()}

    def batch_get_builds(self, request: Document) -> Document:
        found = [self.builds[i].document() for i in request["ids"] if i in self.builds]
        return {"builds": found, "buildsNotFound": [i for i in request["ids"] if i not in self.builds]}

    def list_builds(self, request: Document) -> Document:
        return {"ids": list(reversed(self.builds))}

    def list_builds_for_project(self, request: Document) -> Document:
        name = self._project(request["projectName"])["name"]
        return {"ids": [i for i, build in reversed(self.builds.items()) if build.project["name"] == name]}

    def _source(self, project: Document) -> Path:
        from cookiecutter_mlops.localaws.codepipeline.artifacts import unpack

        kind = project["source"]["type"]
        folder = runtime.home() / "builds" / f"{project['name']}-{time.time_ns()}" / "source"
        folder.mkdir(parents=True)
        if kind == "S3":
            unpack(storage.read(self.account_id, f"s3://{project['source']['location']}"), folder)
        elif kind != "NO_SOURCE":
            raise NotImplementedError(f"StartBuild for a source of type {kind}; start its pipeline instead")
        return folder

    def _project(self, name: str) -> Document:
        if name not in self.projects:
            raise AwsError("ResourceNotFoundException", f"Project cannot be found: {self._arn('project', name)}")
        return self.projects[name]

    def _build(self, identifier: str) -> Build:
        if identifier not in self.builds:
            raise AwsError("ResourceNotFoundException", f"Build cannot be found: {identifier}")
        return self.builds[identifier]

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:codebuild:{self.region_name}:{self.account_id}:{kind}/{name}"


def _filled(request: Document) -> Document:
    return {name: value for name, value in request.items() if value is not None}


def _check(project: Document) -> None:
    """Refuse what AWS refuses in a project."""
    source, artifacts = project["source"], project["artifacts"]
    if source["type"] not in SOURCES:
        raise AwsError("InvalidInputException", f"Invalid type provided: {source['type']}")
    if source["type"] not in ("CODEPIPELINE", "NO_SOURCE") and not source.get("location"):
        raise AwsError("InvalidInputException", "Project source location is required")
    if (source["type"] == "CODEPIPELINE") != (artifacts["type"] == "CODEPIPELINE"):
        raise AwsError("InvalidInputException", "Source and artifacts must both be of type CODEPIPELINE, or neither")
    if not 5 <= (project.get("timeoutInMinutes") or 60) <= 2160:
        raise AwsError("InvalidInputException", "timeoutInMinutes must be between 5 and 2160")
