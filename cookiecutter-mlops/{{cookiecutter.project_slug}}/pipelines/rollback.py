"""Goes back to the model that was live before, through the release pipeline and with all its checks.

    python -m pipelines.rollback [--stage prod] [--to 3]

The model that is live now is rejected first, so that no later event releases it again.
"""

import argparse
import json
from typing import Any

from pipelines import packages, project
from pipelines.packages import Package
from pipelines.project import PipelineError


def history(stage: str) -> list[str]:
    """The package ARNs that were live in a stage, newest first, as SSM remembers them."""
    pages = project.client("ssm").get_paginator("get_parameter_history")
    found = pages.paginate(Name=f"/{project.slug()}/{stage}/live").search("Parameters[]")
    versions = sorted(found, key=lambda entry: entry["Version"], reverse=True)
    return [json.loads(entry["Value"])["model_package_arn"] for entry in versions]


def previous(stage: str, live: dict[str, Any]) -> Package:
    """The last model that was live before this one and is still good."""
    for arn in history(stage):
        if arn != live["model_package_arn"]:
            package = packages.describe(arn)
            if package.status == packages.APPROVED:
                return package
    raise PipelineError(f"version {live['version']} is the only good one that was ever live in {stage}; train another.")


def chosen(group: str, version: int, live: dict[str, Any]) -> Package:
    """The version that a person asks for."""
    package = packages.find(group, str(version))
    if package is None or version == live["version"]:
        raise PipelineError(f"--to: version {version} is live already; name another one.")
    return package


def reject(live: dict[str, Any], target: Package) -> None:
    """Write into the registry why the live model goes."""
    project.client("sagemaker").update_model_package(
        ModelPackageArn=live["model_package_arn"],
        ModelApprovalStatus=packages.REJECTED,
        ApprovalDescription=f"Rolled back to version {target.version} by a person.",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Release the previous good model again.")
    parser.add_argument("--stage", help="whose model to go back from; by default the last stage")
    parser.add_argument("--to", type=int, metavar="VERSION", help="by default the last good one that was live before")
    arguments = parser.parse_args()
    spec = project.training_spec()
    stage, group = arguments.stage or spec["stages"][-1], spec["model_package_group"]
    live = project.live(stage)
    if live is None:
        raise PipelineError(f"nothing is live in {stage}, so there is nothing to go back from.")
    target = chosen(group, arguments.to, live) if arguments.to else previous(stage, live)
    packages.refuse_unreleasable(target, group, production=stage == spec["stages"][-1])
    reject(live, target)
    project.client("codepipeline").start_pipeline_execution(
        name=spec["release_pipeline"],
        variables=[
            {"name": "MODEL_PACKAGE", "value": target.arn},
            {"name": "REASON", "value": f"rolled back from version {live['version']}"},
        ],
    )
    print(f"version {live['version']} is rejected; {spec['release_pipeline']} releases {target.title}")


if __name__ == "__main__":
    project.command(main)
