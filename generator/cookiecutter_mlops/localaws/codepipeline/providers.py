"""What each kind of action does: sources, builds and approvals."""

import json
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.codepipeline import artifacts
from cookiecutter_mlops.localaws.codepipeline.action import Action
from cookiecutter_mlops.localaws.codepipeline.exceptions import ActionFailed

APPROVAL_MINUTES = 7 * 24 * 60  # AWS's default and maximum is seven days


def run(action: Action) -> None:
    """Carry out an action; ActionFailed says why it could not be."""
    if action.provider not in _PROVIDERS:
        raise NotImplementedError(f"The embedded AWS does not execute actions of {action.provider}")
    _PROVIDERS[action.provider](action)


def _codecommit(action: Action) -> None:
    """Pack the branch's newest commit; the variables are those that AWS documents for this action."""
    from cookiecutter_mlops.localaws.codecommit.git import Repository

    settings = action.configuration()
    repository = Repository.of(action.execution.account, action.execution.region, settings["RepositoryName"])
    commit = repository.commit(settings["BranchName"])
    if not commit:
        raise ActionFailed(
            f"The branch {settings['BranchName']} does not exist in the repository {settings['RepositoryName']}: "
            f"push to it first.",
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


def _s3(action: Action) -> None:
    """Take the newest version of one zip."""
    settings = action.configuration()
    bucket, name = settings["S3Bucket"], settings["S3ObjectKey"]
    found = artifacts.object_of(action.execution.account, bucket, name)
    if found is None:
        raise ActionFailed(f"The object {name} does not exist in the bucket {bucket}.", "ConfigurationError")
    artifacts.put(action, found.value)
    action.external_id = found.version_id or "null"
    action.execution.revisions.append(_revision(action, action.external_id, f"s3://{bucket}/{name}"))
    action.publish({"BucketName": bucket, "ObjectKey": name, "VersionId": action.external_id, "ETag": found.etag})


def _connection(action: Action) -> None:
    raise ActionFailed(
        "The embedded AWS cannot reach GitHub, GitLab or Bitbucket: run the loop with source=codecommit or source=s3.",
        "ConfigurationError",
    )


def _codebuild(action: Action) -> None:
    """Run a build on the action's first input (or the one named PrimarySource) and keep what it exports."""
    from cookiecutter_mlops.localaws.codebuild.executor import start_build

    settings, execution = action.configuration(), action.execution
    folder = runtime.home() / "builds" / action.id
    primary = settings.get("PrimarySource") or action.declared["inputArtifacts"][0]["name"]
    artifacts.get(execution, primary, folder / "source")
    build = start_build(
        execution.account,
        execution.region,
        settings["ProjectName"],
        source=folder / "source",
        environment=action.environment(),
        initiator=f"codepipeline/{execution.name}",
        artifacts_dir=folder / "artifacts",
    )
    action.external_id, action.on_stop = build.id, build.stop
    build.wait()
    if build.status != "SUCCEEDED":
        raise ActionFailed(build.failure or f"Build terminated with state: {build.status}", external_id=build.id)
    action.publish(dict(build.exported))
    if action.declared.get("outputArtifacts"):
        artifacts.put(action, artifacts.pack(Path(build.artifacts or folder / "source")))
    shutil.rmtree(folder, ignore_errors=True)


def _approval(action: Action) -> None:
    """Wait until a person answers; AWS gives up after seven days."""
    settings = action.configuration()
    action.token = str(uuid.uuid4())
    action.summary = settings.get("CustomData", "")
    if topic := settings.get("NotificationArn"):
        _notify(action, topic, settings)
    minutes = action.declared.get("timeoutInMinutes") or APPROVAL_MINUTES
    if not action.decided.wait(minutes * 60):
        raise ActionFailed("The approval expired: nobody answered.", "JobFailed")
    if action.approval.get("status") != "Approved":
        raise ActionFailed(action.approval.get("summary") or "The execution was stopped.", "ApprovalRejected")
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
    message = json.dumps({"region": action.execution.region, "approval": approval})
    subject = f"APPROVAL NEEDED: AWS CodePipeline {action.execution.name} for action {action.name}"
    sns_backends[action.execution.account][topic.split(":")[3]].publish(message, topic, subject=subject[:100])


def _revision(action: Action, revision: str, summary: str) -> dict[str, Any]:
    return {
        "name": action.declared["outputArtifacts"][0]["name"],
        "revisionId": revision,
        "revisionSummary": summary,
        "created": time.time(),
    }


_PROVIDERS: dict[str, Callable[[Action], None]] = {
    "CodeBuild": _codebuild,
    "CodeCommit": _codecommit,
    "CodeStarSourceConnection": _connection,
    "Manual": _approval,
    "S3": _s3,
}
