"""What runs, which models there are, and which of them is live.

python -m pipelines.status
"""

import argparse
from collections.abc import Iterator
from typing import Any

from pipelines import gatekeeper, packages, project


def pipeline(name: str) -> Iterator[str]:
    """The pipeline's newest execution, and where it is."""
    service = project.client("codepipeline")
    for execution in service.list_pipeline_executions(pipelineName=name, maxResults=1)["pipelineExecutionSummaries"]:
        yield f"{name}: {execution['status']}, started {execution['startTime']:%Y-%m-%d %H:%M:%S}"
        chosen = {"pipelineExecutionId": execution["pipelineExecutionId"]}
        details = service.list_action_executions(pipelineName=name, filter=chosen)["actionExecutionDetails"]
        for action in sorted(details, key=lambda detail: detail["startTime"]):
            yield f"  {action['stageName']:16} {action['status']}"


def models(spec: dict[str, Any]) -> Iterator[str]:
    """Every registered model, newest first, with the stages in which it is live."""
    live = {stage: released["version"] for stage in spec["stages"] if (released := project.live(stage))}
    found = [
        packages.describe(summary["ModelPackageArn"]) for summary in packages.summaries(spec["model_package_group"])
    ]
    for package in found:
        stages = "".join(f", live in {stage}" for stage, version in live.items() if version == package.version)
        yield f"  {package.status:22} {package.title}{stages}"
    if not found:
        yield "  none is registered yet: push the code, or data, to train one"


def main() -> None:
    argparse.ArgumentParser(description="Show the pipelines and the models of this project.").parse_args()
    spec = project.training_spec()
    for name in (f"{spec['project_slug']}-train", spec["release_pipeline"]):
        print(*pipeline(name), sep="\n")
    for line in gatekeeper.summary():
        print(line)
    print("models, newest first:", *models(spec), sep="\n")


if __name__ == "__main__":
    project.command(main)
