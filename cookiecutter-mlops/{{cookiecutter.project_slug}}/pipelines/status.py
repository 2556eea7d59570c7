"""What runs, which models there are, and which of them is live.

python -m pipelines.status
"""

import argparse
from collections.abc import Iterator
from typing import Any

from pipelines import endpoint, gatekeeper, packages, project

WAITS = "waits for `mlops approve`"


def pipeline(name: str) -> Iterator[str]:
    """The pipeline's newest execution, and where it is."""
    service = project.client("codepipeline")
    for execution in service.list_pipeline_executions(pipelineName=name, maxResults=1)["pipelineExecutionSummaries"]:
        yield f"{name}: {execution['status']}, started {execution['startTime']:%Y-%m-%d %H:%M:%S}"
        chosen = {"pipelineExecutionId": execution["pipelineExecutionId"]}
        details = service.list_action_executions(pipelineName=name, filter=chosen)["actionExecutionDetails"]
        for action in sorted(details, key=lambda detail: detail["startTime"]):
            yield f"  {action['stageName']:16} {action['status']}  {remark(action)}".rstrip()


def remark(action: dict[str, Any]) -> str:
    """Why an action failed, or what one waits for."""
    if action["status"] == "Failed":
        return action.get("output", {}).get("executionResult", {}).get("errorDetails", {}).get("message", "")
    kind = action.get("input", {}).get("actionTypeId", {}).get("category")
    return WAITS if kind == "Approval" and action["status"] == "InProgress" else ""


def stages(spec: dict[str, Any]) -> Iterator[str]:
    """What each stage serves, since when and why, and how its endpoint is."""
    for stage in spec["stages"]:
        current, live = endpoint.describe(f"{spec['project_slug']}-{stage}"), project.live(stage)
        state = current["EndpointStatus"] if current else "no endpoint"
        told = "nothing was released yet"
        if live:
            told = f"version {live['version']} since {live['released_at']} ({live.get('reason')})"
        yield f"  {stage:8} {state:12} {told}"


def pretrained(slug: str, model: dict[str, Any]) -> Iterator[str]:
    """What Terraform serves where nothing trains: the endpoint, its weights, its image."""
    current = endpoint.describe(f"{slug}-prod")
    if current is None:
        place = f"s3://<models bucket>/weights/{model.get('weights') or 'MODEL'}/"
        yield f"  prod     no endpoint  put weights to {place}, name them in {project.TFVARS}, and `mlops apply`"
        return
    container = serving(current["EndpointConfigName"])
    weights = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri") or container.get("ModelDataUrl")
    yield f"  prod     {current['EndpointStatus']:12} since {current['LastModifiedTime']:%Y-%m-%d %H:%M:%S}"
    yield f"    weights  {weights}"
    yield f"    image    {container['Image']}"
    if reason := current.get("FailureReason"):
        yield f"    failed   {reason}"


def serving(config: str) -> dict[str, Any]:
    """The container behind an endpoint's configuration."""
    sagemaker = project.client("sagemaker")
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    return sagemaker.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]


def models(spec: dict[str, Any]) -> Iterator[str]:
    """Every registered model, newest first, with the stages in which it is live."""
    live = {stage: released["version"] for stage in spec["stages"] if (released := project.live(stage))}
    found = [
        packages.describe(summary["ModelPackageArn"]) for summary in packages.summaries(spec["model_package_group"])
    ]
    waiting = next((package for package in found if package.status == packages.PENDING), None)
    for package in found:
        hint = f"; {WAITS}" if package is waiting else ""  # which takes the newest
        stages = "".join(f", live in {stage}" for stage, version in live.items() if version == package.version)
        yield f"  {package.status:22} {package.title}{stages}{hint}"
    if not found:
        yield "  none is registered yet: push the code, or data, to train one"


def main() -> None:
    argparse.ArgumentParser(description="Show the pipelines and the models of this project.").parse_args()
    if (model := project.pretrained()) is not None:
        print("a pre-trained model is served, and nothing trains:", *pretrained(project.slug(), model), sep="\n")
        return
    spec = project.training_spec()
    for name in (f"{spec['project_slug']}-train", spec["release_pipeline"]):
        print(*pipeline(name), sep="\n")
    for line in gatekeeper.summary():
        print(line)
    print("stages:", *stages(spec), sep="\n")
    print("models, newest first:", *models(spec), sep="\n")


if __name__ == "__main__":
    project.command(main)
