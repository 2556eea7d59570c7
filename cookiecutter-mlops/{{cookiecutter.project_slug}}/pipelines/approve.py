"""Says yes: to the newest model that waits for a person, and to a release that waits in the pipeline.

    python -m pipelines.approve [--version 3]

A project with one stage asks before the release, in the model registry; a project with two asks between them, in the
release pipeline. A model that the gate stopped cannot be approved; one that was rolled back can, by its version.
"""

import argparse
from typing import Any

from pipelines import packages, project
from pipelines.packages import Package
from pipelines.project import PipelineError


def approve_package(spec: dict[str, Any], version: int | None) -> Package | None:
    """Approve a package by version, or the newest that waits; None where none waits."""
    group = spec["model_package_group"]
    package = packages.find(group, str(version)) if version else next(packages.of_status(group, packages.PENDING), None)
    if package is None or package.status == packages.APPROVED:
        return None
    packages.refuse_failed(package)
    if len(spec["stages"]) == 1:  # approved is released to prod
        packages.refuse_sample(package)
    project.client("sagemaker").update_model_package(
        ModelPackageArn=package.arn,
        ModelApprovalStatus=packages.APPROVED,
        ApprovalDescription=f"Approved by a person. {package.reason}"[:1024],
    )
    return package


def approve_release(spec: dict[str, Any], version: int | None) -> Package | None:
    """Let a waiting release go on; the package that it releases, None where none waits."""
    waiting = waiting_approval(spec["release_pipeline"])
    if waiting is None:
        return None
    execution, approval = waiting
    package = released_by(spec["release_pipeline"], execution)
    if version not in (None, package.version):
        raise PipelineError(f"--version: the release that waits is version {package.version} (got: {version}).")
    packages.refuse_unreleasable(package, spec["model_package_group"], production=True)
    answer(spec["release_pipeline"], approval, "Approved", f"Approved by a person: {package.title}")
    return package


def answer(pipeline: str, approval: dict[str, str], status: str, summary: str) -> None:
    """Tell a pipeline that waits what a person decided."""
    result = {"summary": summary[:512], "status": status}
    project.client("codepipeline").put_approval_result(pipelineName=pipeline, **approval, result=result)


def waiting_approval(pipeline: str) -> tuple[str, dict[str, str]] | None:
    """The execution that waits at an approval, with the stage, action and token of that."""
    for stage in project.client("codepipeline").get_pipeline_state(name=pipeline)["stageStates"]:
        for action in stage.get("actionStates", []):
            latest = action.get("latestExecution", {})
            if latest.get("status") == "InProgress" and "token" in latest:
                place = {"stageName": stage["stageName"], "actionName": action["actionName"]}
                return stage["latestExecution"]["pipelineExecutionId"], place | {"token": latest["token"]}
    return None


def released_by(pipeline: str, execution: str) -> Package:
    """What this very execution released to the first stage; a newer one may have released more there since."""
    pages = project.client("codepipeline").get_paginator("list_action_executions")
    done = pages.paginate(pipelineName=pipeline, filter={"pipelineExecutionId": execution})
    arns = done.search("actionExecutionDetails[].output.outputVariables.MODEL_PACKAGE_ARN")
    if arn := next(arns, None):
        return packages.describe(arn)
    raise PipelineError(f"{pipeline}: execution {execution} waits, but released nothing; approve it in the console.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Approve the model or the release that waits for a person.")
    parser.add_argument("--version", type=int, help="which model package; by default the newest that waits")
    version = parser.parse_args().version
    spec = project.training_spec()
    if package := approve_package(spec, version):
        print(f"approved {package.title}; {spec['release_pipeline']} releases it")
        return
    released = approve_release(spec, version)
    if released is None:
        raise PipelineError(
            "nothing waits for approval; `mlops status` (`python -m pipelines.status`) shows what runs."
        )
    print(f"approved the release of {released.title} to {spec['stages'][-1]}")


if __name__ == "__main__":
    project.command(main)
