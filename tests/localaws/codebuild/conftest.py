"""Projects and builds of CodeBuild, as any program makes them."""

import json
import uuid

import pytest

from tests.localaws.conftest import ACCOUNT, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/build"
ENVIRONMENT = {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"}


@pytest.fixture
def name():
    return f"b-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def create(aws, name):
    """Return a function that creates a project with an inline buildspec, or with other source settings."""

    def project(buildspec="", **more):
        source = more.pop("source", {"type": "NO_SOURCE", "buildspec": buildspec})
        settings = {"artifacts": {"type": "NO_ARTIFACTS"}, "environment": ENVIRONMENT, "serviceRole": ROLE} | more
        return aws.client("codebuild").create_project(name=name, source=source, **settings)["project"]

    return project


@pytest.fixture
def build(aws, name, create):
    """Return a function that runs a buildspec to its end and returns the build and its log."""

    def run(buildspec, start=None, **project):
        create(buildspec, **project)
        codebuild = aws.client("codebuild")
        started = codebuild.start_build(projectName=name, **(start or {}))["build"]["id"]
        ended = wait_for(lambda: complete(codebuild, started))
        return ended, log(aws, ended)

    return run


def complete(codebuild, build_id):
    """Return a build if it has ended."""
    return next((b for b in codebuild.batch_get_builds(ids=[build_id])["builds"] if b["buildComplete"]), None)


def log(aws, build):
    place = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
    return [e["message"] for e in aws.client("logs").get_log_events(**place, startFromHead=True)["events"]]


def printed(lines):
    return [line for line in lines if not line.startswith("[Container]")]


def phases(build):
    return {phase["phaseType"]: phase.get("phaseStatus") for phase in build["phases"]}


def spec(**phases):
    return json.dumps({"version": 0.2, "phases": phases}, indent=1)
