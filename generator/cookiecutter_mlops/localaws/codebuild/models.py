"""CodeBuild's state and operations. Each public method is an operation: it takes the request, returns the answer."""

import re
from pathlib import Path
from typing import Any

from moto.core.base_backend import BaseBackend

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.codebuild import executor, sources
from cookiecutter_mlops.localaws.codebuild.build import Build
from cookiecutter_mlops.localaws.codebuild.exceptions import InvalidInputException, ResourceNotFoundException
from cookiecutter_mlops.localaws.crud import page
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated

Document = dict[str, Any]
DEFAULTS = {
    "cache": {"type": "NO_CACHE"},
    "projectVisibility": "PRIVATE",
    "queuedTimeoutInMinutes": 480,
    "secondaryArtifacts": [],
    "secondarySources": [],
    "tags": [],
    "timeoutInMinutes": 60,
}
START_BUILD = {"projectName", "environmentVariablesOverride", "buildspecOverride", "sourceVersion", "idempotencyToken"}


class CodeBuildBackend(BaseBackend):
    """The CodeBuild of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.projects: dict[str, Document] = {}
        self.builds: dict[str, Build] = {}
        self._numbers: dict[str, int] = {}

    def create_project(self, request: Document) -> Document:
        _check(request)
        name, now = request["name"], clock.time()
        if name in self.projects:
            raise AwsError("ResourceAlreadyExistsException", f"Project already exists: {self._arn(name)}")
        key = f"arn:aws:kms:{self.region_name}:{self.account_id}:alias/aws/s3"
        document = {**DEFAULTS, "encryptionKey": key, **request, "arn": self._arn(name), "created": now}
        self.projects[name] = _completed(document)
        return {"project": self.projects[name]}

    def update_project(self, request: Document) -> Document:
        """An empty structure takes a setting back: that is how the SDKs say it."""
        name = self.project(request["name"])["name"]
        changed = self.projects[name] | request
        _check(changed)
        if changed.get("concurrentBuildLimit") == -1:  # how a request removes the limit
            del changed["concurrentBuildLimit"]
        self.projects[name] = _completed(changed)
        return {"project": self.projects[name]}

    def delete_project(self, request: Document) -> Document:
        name = _name(request["name"])
        self.projects.pop(name, None)
        for build in [build for build in self.builds.values() if build.project["name"] == name]:
            build.stop()
            del self.builds[build.id]
        return {}

    def batch_get_projects(self, request: Document) -> Document:
        asked = request["names"]
        found = [self.projects[_name(name)] for name in asked if _name(name) in self.projects]
        return {"projects": found, "projectsNotFound": [name for name in asked if _name(name) not in self.projects]}

    def list_projects(self, request: Document) -> Document:
        return _page("projects", sorted(self.projects, reverse=request.get("sortOrder") == "DESCENDING"), request)

    def start_build(self, request: Document) -> Document:
        """Run a build by itself, of a project that does not take its source from a pipeline."""
        if unknown := sorted(set(request) - START_BUILD):
            raise NotEmulated(f"StartBuild with {', '.join(unknown)}")
        project = self.project(request["projectName"])
        sources.check(project)
        if buildspec := request.get("buildspecOverride"):
            project = project | {"source": project["source"] | {"buildspec": buildspec}}
        version = request.get("sourceVersion") or project.get("sourceVersion") or ""
        build = self._new_build(project, "embedded-aws", version)
        executor.begin(build, request.get("environmentVariablesOverride") or [], None, None)
        return {"build": build.view()}

    def run(
        self,
        name: str,
        source: Path,
        environment: list[Document],
        initiator: str,
        artifacts: Path | None = None,
        source_version: str = "",
    ) -> Build:
        """Start a build on a source that is there already, for CodePipeline; artifacts are collected in a folder."""
        build = self._new_build(self.project(name), initiator, source_version)
        executor.begin(build, environment, source, artifacts)
        return build

    def stop_build(self, request: Document) -> Document:
        build = self._build(request["id"])
        build.stop()
        build.wait(10)
        return {"build": build.view()}

    def batch_get_builds(self, request: Document) -> Document:
        found = [self.builds[build].view() for build in request["ids"] if build in self.builds]
        return {"builds": found, "buildsNotFound": [build for build in request["ids"] if build not in self.builds]}

    def list_builds(self, request: Document) -> Document:
        return _page("ids", self._ids(request), request)

    def list_builds_for_project(self, request: Document) -> Document:
        name = self.project(request["projectName"])["name"]
        return _page("ids", [i for i in self._ids(request) if self.builds[i].project["name"] == name], request)

    def batch_get_reports(self, request: Document) -> Document:
        reports = {report["arn"]: report for build in self.builds.values() for report in build.reports}
        arns = request["reportArns"]
        found = [reports[arn] for arn in arns if arn in reports]
        return {"reports": found, "reportsNotFound": [arn for arn in arns if arn not in reports]}

    def project(self, name: str) -> Document:
        """Return a project by name or ARN."""
        project = self.projects.get(_name(name))
        if project is None:
            raise ResourceNotFoundException(f"Project cannot be found: {self._arn(name)}")
        return project

    def _new_build(self, project: Document, initiator: str, source_version: str) -> Build:
        """Record a build of a project, unless as many run as the project admits."""
        name, limit = project["name"], project.get("concurrentBuildLimit")
        running = [b for b in list(self.builds.values()) if b.project["name"] == name and not b.ended]
        if limit and len(running) >= limit:
            message = f"Cannot have more than {limit} builds in queue for the project {name}"
            raise AwsError("AccountLimitExceededException", message)
        self._numbers[name] = number = self._numbers.get(name, 0) + 1
        build = Build(self.account_id, self.region_name, project, number, initiator, source_version)
        self.builds[build.id] = build
        return build

    def _build(self, build: str) -> Build:
        if build not in self.builds:
            raise ResourceNotFoundException(f"Build {build} does not exist")
        return self.builds[build]

    def _ids(self, request: Document) -> list[str]:
        """Return the ids of all builds, newest first unless the request asks for the oldest first."""
        ids = list(self.builds)
        return ids if request.get("sortOrder") == "ASCENDING" else ids[::-1]

    def _arn(self, name: str) -> str:
        return f"arn:aws:codebuild:{self.region_name}:{self.account_id}:project/{_name(name)}"


def _name(name_or_arn: str) -> str:
    return name_or_arn.rpartition("project/")[2]


def _page(member: str, items: list[Any], request: Document) -> Document:
    answer = page({"NextToken": request.get("nextToken")}, member, items, size=100)
    return {member: answer[member]} | ({"nextToken": answer["NextToken"]} if "NextToken" in answer else {})


def _completed(project: Document) -> Document:
    """Return a project with what AWS adds to each new version of it, without what a request took back."""
    environment = {"imagePullCredentialsType": "CODEBUILD"} | project["environment"]
    badge = {"badgeEnabled": bool(project.get("badgeEnabled"))}
    kept = {name: value for name, value in project.items() if value not in (None, {})}
    return kept | {"environment": environment, "badge": badge, "lastModified": clock.time()}


def _check(project: Document) -> None:
    """Refuse what AWS refuses in a project."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{1,149}", project["name"]):
        raise InvalidInputException("Only alphanumeric characters, dash, and underscore are supported")
    source, artifacts = project["source"], project["artifacts"]
    if source["type"] not in ("CODEPIPELINE", "NO_SOURCE") and not source.get("location"):
        raise InvalidInputException("Project source location is required")
    if source["type"] == "NO_SOURCE" and not source.get("buildspec"):
        raise InvalidInputException("Buildspec is required for a project without a source")
    if (source["type"] == "CODEPIPELINE") != (artifacts["type"] == "CODEPIPELINE"):
        raise InvalidInputException("Source and artifacts must both be of type CODEPIPELINE, or neither")
    if not 5 <= (project.get("timeoutInMinutes") or 60) <= 2160:
        raise InvalidInputException("timeoutInMinutes must be between 5 and 2160")
