"""Sources that poll: CodeCommit and S3 do, unless the action says `PollForSourceChanges = false`."""

import threading
import time
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws.codepipeline import artifacts

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codepipeline.models import CodePipelineBackend

SECONDS = 2  # AWS looks about once a minute


def watch(backend: "CodePipelineBackend", name: str) -> None:
    """Start the pipeline whenever one of its polling sources has another revision, as long as the pipeline exists."""
    threading.Thread(target=_watch, args=(backend, name), daemon=True, name=f"poll-{name}").start()


def _watch(backend: "CodePipelineBackend", name: str) -> None:
    pipeline = backend.pipelines[name]
    seen: dict[str, str] = {}
    while backend.pipelines.get(name) is pipeline:
        for action in pipeline.declaration["stages"][0]["actions"]:
            revision = _revision(backend, action)
            # The first look is not a change: creating the pipeline has started an execution already.
            if revision and revision != seen.setdefault(action["name"], revision):
                backend.start(name, None, f"PollForSourceChanges: {action['name']}")
            if revision:
                seen[action["name"]] = revision
        time.sleep(SECONDS)


def _revision(backend: "CodePipelineBackend", action: dict[str, Any]) -> str:
    """Return the source's present revision; empty if there is none, or if the source does not poll."""
    from cookiecutter_mlops.localaws.codecommit.git import Repository
    from cookiecutter_mlops.localaws.extension import AwsError

    settings, provider = action.get("configuration") or {}, action["actionTypeId"]["provider"]
    if str(settings.get("PollForSourceChanges", "true")).lower() != "true":
        return ""
    if provider == "S3":
        found = artifacts.object_of(backend.account_id, settings["S3Bucket"], settings["S3ObjectKey"])
        return f"{found.version_id}{found.etag}" if found else ""
    if provider != "CodeCommit":
        return ""
    try:
        repository = Repository.of(backend.account_id, backend.region_name, settings["RepositoryName"])
    except AwsError:
        return ""
    commit = repository.commit(settings["BranchName"])
    return commit["commitId"] if commit else ""
