"""Goes back to the model that was live before, through the release pipeline and with all its checks.

    python -m pipelines.rollback [--stage prod] [--to 3]

The live model, and every one between it and the target, is rejected first, so that no later event releases it again.
Where the pipeline asks a person before production, this person has just said yes: the command waits and answers.
"""

import argparse
from typing import Any

from pipelines import approve, packages, project, releases
from pipelines.packages import Package
from pipelines.project import PipelineError


def previous(stage: str, live: dict[str, Any]) -> Package:
    """The last model that was live before this one and is still good."""
    for release in releases.history(stage):
        if release["model_package_arn"] != live["model_package_arn"]:
            package = packages.describe(release["model_package_arn"])
            if package.status == packages.APPROVED:
                return package
    raise PipelineError(f"version {live['version']} is the only good one that was ever live in {stage}; train another.")


def chosen(group: str, version: int, live: dict[str, Any]) -> Package:
    """The version that a person asks for."""
    package = packages.find(group, str(version))
    if package is None or version == live["version"]:
        raise PipelineError(f"--to: version {version} is live already; name another one.")
    return package


def reject(group: str, live: dict[str, Any], target: Package) -> None:
    """Write into the registry why the live model goes, and that those which are skipped are no better."""
    packages.reject(live["model_package_arn"], f"Rolled back to version {target.version} by a person.")
    for package in packages.of_status(group, packages.APPROVED):
        if target.version < package.version < live["version"]:
            packages.reject(package.arn, f"Passed over by a rollback to version {target.version} by a person.")


def start(spec: dict[str, Any], live: dict[str, Any], target: Package) -> str:
    """Let the release pipeline release the target; the execution's id."""
    variables = {"MODEL_PACKAGE": target.arn, "REASON": f"rolled back from version {live['version']} by a person"}
    answer = project.client("codepipeline").start_pipeline_execution(
        name=spec["release_pipeline"],
        variables=[{"name": name, "value": value} for name, value in variables.items()],
    )
    return answer["pipelineExecutionId"]


def answer_approval(spec: dict[str, Any], execution: str, target: Package) -> None:
    """Approve the execution when it has passed the stage before; another that waits there stands in its way."""
    pipeline, service = spec["release_pipeline"], project.client("codepipeline")

    def asked() -> bool | None:
        waiting = approve.waiting_approval(pipeline)
        if waiting and waiting[0] == execution:
            return True
        if waiting:
            approve.answer(pipeline, waiting[1], "Rejected", "A person rolls back.")
        state = service.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=execution)
        return None if state["pipelineExecution"]["status"] == "InProgress" else False

    if not project.until(asked, f"{pipeline} {execution}"):
        raise PipelineError(f"{pipeline} ended before {spec['stages'][-1]}; `mlops status` shows where.")
    approve.approve_release(spec, target.version)
    print(f"approved; {pipeline} now moves {spec['stages'][-1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Release the previous good model again.")
    parser.add_argument("--stage", help="whose model to go back from; by default the last stage")
    parser.add_argument("--to", type=int, metavar="VERSION", help="by default the last good one that was live before")
    arguments = parser.parse_args()
    spec = project.training_spec()
    stage, group = arguments.stage or spec["stages"][-1], spec["model_package_group"]
    project.known_stage(stage, spec["stages"])
    live = project.live(stage)
    if live is None:
        raise PipelineError(f"nothing is live in {stage}, so there is nothing to go back from.")
    target = chosen(group, arguments.to, live) if arguments.to else previous(stage, live)
    packages.refuse_unreleasable(target, group, production=stage == spec["stages"][-1])
    reject(group, live, target)
    execution = start(spec, live, target)
    print(f"version {live['version']} is rejected; {spec['release_pipeline']} releases {target.title}", flush=True)
    if stage == spec["stages"][-1] and len(spec["stages"]) > 1:
        answer_approval(spec, execution, target)


if __name__ == "__main__":
    project.command(main)
