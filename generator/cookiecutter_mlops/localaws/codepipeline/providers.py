"""What each kind of action does: sources, builds and approvals."""

import json
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws import clock, runtime
from cookiecutter_mlops.localaws.codepipeline import artifacts
from cookiecutter_mlops.localaws.codepipeline.action import Action
from cookiecutter_mlops.localaws.codepipeline.exceptions import ActionFailed
from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.iam import acting

APPROVAL_MINUTES = 7 * 24 * 60  # AWS's default and maximum is seven days


def run(action: Action) -> None:
    """Carry out an action; ActionFailed says why it could not be."""
    _PROVIDERS[action.provider](action)


def check(declared: dict[str, Any], inputs: list[str], outputs: list[str]) -> None:
    """Refuse an action that `run` would not carry out in full."""
    provider = declared["actionTypeId"]["provider"]
    if provider not in _PROVIDERS:
        raise NotEmulated(f"actions of the provider {provider} (action {declared['name']})")
    if len(inputs) > 1 or len(outputs) > 1:
        raise NotEmulated(f"an action with several input or output artifacts (action {declared['name']})")


def _codecommit(action: Action) -> None:
    """Pack the branch's newest commit, or the one that was asked for; the variables are those that AWS documents."""
    from cookiecutter_mlops.localaws.codecommit.git import Repository

    settings = action.configuration()
    _check_repository(action, settings["RepositoryName"])
    repository = Repository.of(action.execution.account, action.execution.region, settings["RepositoryName"])
    wanted = action.execution.commits.get(action.name)
    commit = repository.commit(wanted) if wanted else repository.head(settings["BranchName"])
    if not commit:
        what = f"commit {wanted}" if wanted else f"branch {settings['BranchName']}"
        raise ActionFailed(
            f"The {what} does not exist in the repository {settings['RepositoryName']}: push to it first.",
            "ConfigurationError",
        )
    artifacts.put(action, repository.archive(commit["commitId"]))
    action.summary, action.external_id = commit["message"].strip(), commit["commitId"]
    action.execution.revisions.append(_revision(action, commit["commitId"], action.summary))
    action.publish(
        {
            "CommitId": commit["commitId"],
            "CommitMessage": action.summary,
            "BranchName": settings["BranchName"],
            "RepositoryName": settings["RepositoryName"],
            "AuthorDate": commit["author"]["date"],
            "CommitterDate": commit["committer"]["date"],
        }
    )


def _check_repository(action: Action, name: str) -> None:
    """Ask for what CodePipeline calls to pack a commit: https://docs.aws.amazon.com/codepipeline/latest/userguide/"""
    execution = action.execution
    for call in ("GetBranch", "GetCommit", "UploadArchive", "GetUploadArchiveStatus"):
        acting.check(f"codecommit:{call}", f"arn:aws:codecommit:{execution.region}:{execution.account}:{name}")


def _s3(action: Action) -> None:
    """Take the newest version of one zip; its version's id names the exact source, so the bucket must have versions."""
    settings = action.configuration()
    bucket, name = settings["S3Bucket"], settings["S3ObjectKey"]
    acting.check("s3:GetBucketVersioning", f"arn:aws:s3:::{bucket}")
    acting.check_read(action.execution.account, bucket, name, version=True)
    found = artifacts.object_of(action.execution.account, bucket, name)
    if found is None:
        raise ActionFailed(f"The object {name} does not exist in the bucket {bucket}.", "ConfigurationError")
    if found.version_id == "null":
        raise ActionFailed(f"The bucket {bucket} must have versioning enabled to be a source.", "ConfigurationError")
    artifacts.put(action, found.value)
    action.external_id = found.version_id
    action.execution.revisions.append(_revision(action, action.external_id, f"s3://{bucket}/{name}"))
    action.publish({"BucketName": bucket, "ObjectKey": name, "VersionId": action.external_id, "ETag": found.etag})


def _connection(action: Action) -> None:
    raise ActionFailed(
        "The embedded AWS cannot reach GitHub, GitLab or Bitbucket: run the loop with source=codecommit or source=s3.",
        "ConfigurationError",
    )


def _codebuild(action: Action) -> None:
    """Run a build on the action's input and keep what it exports."""
    from moto.codebuild.models import codebuild_backends

    from cookiecutter_mlops.localaws.codebuild import role

    execution, given = action.execution, action.declared["inputArtifacts"][0]["name"]
    codebuild: Any = codebuild_backends[execution.account][execution.region]
    project = codebuild.project(action.configuration()["ProjectName"])
    for call in ("StartBuild", "BatchGetBuilds"):
        acting.check(f"codebuild:{call}", project["arn"])
    # The build itself fetches its input and stores its output.
    builder = role.assume(project, execution.region, f"AWSCodeBuild-{action.id}")
    with tempfile.TemporaryDirectory(prefix="build-", dir=runtime.home()) as folder:
        source = Path(folder) / "source"
        with acting.acting(builder):
            artifacts.get(execution, given, source)
        build = codebuild.run(
            project["name"],
            source,
            action.environment(),
            initiator=f"codepipeline/{execution.name}",
            artifacts=Path(folder) / "artifacts",
            source_version=next((r["revisionId"] for r in execution.revisions if r["name"] == given), ""),
        )
        _await_build(action, build)
        if action.declared.get("outputArtifacts"):
            with acting.acting(builder):
                artifacts.put(action, artifacts.pack(build.artifacts or source))


def _await_build(action: Action, build: Any) -> None:
    """Wait for a build, publish what it exports, or fail as it did."""
    action.external_id, action.on_stop = build.id, build.stop
    if action.execution.abandoned:  # while the build was being started
        build.stop()
    build.wait()
    if build.status != "SUCCEEDED":
        raise ActionFailed(build.failure or f"Build terminated with state: {build.status}", external_id=build.id)
    action.publish(dict(build.exported))


def _approval(action: Action) -> None:
    """Wait until a person answers; AWS gives up after seven days."""
    settings = action.configuration()
    action.summary = settings.get("CustomData", "")
    action.token = str(uuid.uuid4())  # last: with it, it can be answered
    if topic := settings.get("NotificationArn"):
        _notify(action, topic, settings)
    minutes = action.declared.get("timeoutInMinutes") or APPROVAL_MINUTES
    if not action.decided.wait(minutes * 60):
        raise ActionFailed("The approval expired: nobody answered.", "JobFailed")
    if action.approval.get("status") != "Approved":
        raise ActionFailed(action.approval.get("summary") or "Nobody approved it.", "JobFailed")
    action.summary = action.approval["summary"]


def _notify(action: Action, topic: str, settings: dict[str, str]) -> None:
    from moto.sns.models import sns_backends

    approval = {
        "pipelineName": action.execution.name,
        "stageName": action.stage,
        "actionName": action.name,
        "token": action.token,
        "customData": settings.get("CustomData"),
        "externalEntityLink": settings.get("ExternalEntityLink"),
    }
    acting.check_topic(topic)
    message = json.dumps({"region": action.execution.region, "approval": approval})
    subject = f"APPROVAL NEEDED: AWS CodePipeline {action.execution.name} for action {action.name}"
    sns_backends[action.execution.account][topic.split(":")[3]].publish(message, topic, subject=subject[:100])


def _revision(action: Action, revision: str, summary: str) -> dict[str, Any]:
    return {
        "name": action.declared["outputArtifacts"][0]["name"],
        "actionName": action.name,
        "revisionId": revision,
        "revisionSummary": summary,
        "created": clock.time(),
    }


_PROVIDERS: dict[str, Callable[[Action], None]] = {
    "CodeBuild": _codebuild,
    "CodeCommit": _codecommit,
    "CodeStarSourceConnection": _connection,
    "Manual": _approval,
    "S3": _s3,
}
