"""Sources that poll: CodeCommit and S3 do, unless the action says `PollForSourceChanges = false`."""

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from cookiecutter_mlops.localaws.codepipeline import artifacts
from cookiecutter_mlops.localaws.extension import AwsError

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codepipeline.models import CodePipelineBackend, Pipeline

SECONDS = 2  # AWS looks about once a minute


def watch(backend: "CodePipelineBackend", name: str) -> None:
    """Start the pipeline whenever one of its polling sources has another revision, as long as the pipeline exists."""
    # What is there now is no change: creating the pipeline starts an execution of it.
    pipeline = backend.pipelines[name]
    arguments = (backend, pipeline, _revisions(backend, pipeline))
    threading.Thread(target=_watch, args=arguments, daemon=True, name=f"poll-{name}").start()


def _watch(backend: "CodePipelineBackend", pipeline: "Pipeline", seen: dict[str, str]) -> None:
    name = pipeline.declaration["name"]
    while backend.pipelines.get(name) is pipeline:
        found = _revisions(backend, pipeline)
        changed = [source for source, revision in found.items() if revision and revision != seen.get(source)]
        if changed:
            with contextlib.suppress(AwsError):  # a variable without a default: only a person can start this one
                backend.start(name, None, f"PollForSourceChanges: {changed[0]}")
        seen |= {source: found[source] for source in changed}
        time.sleep(SECONDS)


def _revisions(backend: "CodePipelineBackend", pipeline: "Pipeline") -> dict[str, str]:
    """Return the present revision of each source action, by its name."""
    return {action["name"]: _revision(backend, action) for action in pipeline.declaration["stages"][0]["actions"]}


def _revision(backend: "CodePipelineBackend", action: dict[str, Any]) -> str:
    """Return the source's present revision; empty if there is none, or if the source does not poll."""
    from cookiecutter_mlops.localaws.codecommit.git import Repository

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
    commit = repository.head(settings["BranchName"])
    return commit["commitId"] if commit else ""
