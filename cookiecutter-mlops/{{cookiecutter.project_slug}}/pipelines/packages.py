"""The model registry, as the pipelines see it: which package is newest, which may be released."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from pipelines import project
from pipelines.project import PipelineError

APPROVED, PENDING, REJECTED = "Approved", "PendingManualApproval", "Rejected"
NEWEST, NONE = "newest", "none"


@dataclass(frozen=True)
class Package:
    """One version of the model: its image, its files and what is known about it."""

    arn: str
    version: int
    status: str
    reason: str
    image: str
    model_data_url: str
    facts: dict[str, str]
    environment: dict[str, str] = field(default_factory=dict)  # of the image

    @property
    def title(self) -> str:
        """What a person who approves wants to read; also fits CodePipeline's variables."""
        known = [f"commit {self.facts['commit'][:8]}"] if "commit" in self.facts else []
        known += [f"data {self.facts['data_version']}"] if "data_version" in self.facts else []
        if "metric" in self.facts:
            known.append(f"{self.facts['metric']} {self.facts.get('value')}, baseline {self.facts.get('baseline')}")
        return ", ".join([f"version {self.version}", *known])


def describe(arn: str) -> Package:
    """Read one package from the registry."""
    try:
        answer = project.client("sagemaker").describe_model_package(ModelPackageName=arn)
    except ClientError as error:
        raise PipelineError(f"model package {arn}: {error.response['Error']['Message']}") from None
    container = answer["InferenceSpecification"]["Containers"][0]
    return Package(
        arn=answer["ModelPackageArn"],
        version=answer["ModelPackageVersion"],
        status=answer["ModelApprovalStatus"],
        reason=answer.get("ApprovalDescription", ""),
        image=container["Image"],
        model_data_url=container["ModelDataUrl"],
        facts=answer.get("CustomerMetadataProperties", {}),
        environment=container.get("Environment", {}),
    )


def summaries(group: str, **query: Any) -> list[dict[str, Any]]:
    """The packages of a group, newest first."""
    pages = project.client("sagemaker").get_paginator("list_model_packages")
    found = pages.paginate(ModelPackageGroupName=group, **query).search("ModelPackageSummaryList[]")
    return sorted(found, key=lambda summary: summary["ModelPackageVersion"], reverse=True)


def of_status(group: str, status: str) -> Iterator[Package]:
    """Packages of one approval status, newest first, each read when it is asked for."""
    return (describe(summary["ModelPackageArn"]) for summary in summaries(group, ModelApprovalStatus=status))


def find(group: str, wanted: str) -> Package | None:
    """The package that a person or a pipeline asks for: `newest` (approved), `none`, a version number or an ARN."""
    if wanted == NONE:
        return None
    if wanted == NEWEST:
        return next(of_status(group, APPROVED), None)
    if not wanted.isdecimal():
        return describe(wanted)
    for summary in summaries(group):
        if summary["ModelPackageVersion"] == int(wanted):
            return describe(summary["ModelPackageArn"])
    raise PipelineError(
        f"model package {wanted}: {group} has no such version; `python -m pipelines.status` lists them."
    )


def reject(arn: str, reason: str) -> None:
    """Take a package out of what may be released; only a person who names its version brings it back."""
    project.client("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus=REJECTED, ApprovalDescription=reason[:1024]
    )


def refuse_unreleasable(package: Package, group: str, *, production: bool) -> None:
    """Stop here unless a person or the gate's policy said yes to this very package, and the gate did too."""
    if f":model-package/{group}/" not in package.arn:
        raise PipelineError(f"{package.arn}: is not a package of this project; give a version of {group}, such as 3.")
    if package.status != APPROVED:
        raise PipelineError(f"version {package.version} is {package.status}, not Approved: {package.reason}")
    refuse_failed(package)
    if production:
        refuse_sample(package)


def refuse_sample(package: Package) -> None:
    """Synthetic rows show that the loop works; they know nothing about the world."""
    if package.facts.get("sample") == "true":
        raise PipelineError(
            f"version {package.version} was trained on the synthetic sample, which prod refuses; "
            "push real data (`python -m pipelines.snapshot push FILE`) and train again."
        )


def refuse_failed(package: Package) -> None:
    """A gate's no outlives every approval: somebody may have set the status past our commands."""
    if package.facts.get("verdict") != "passed":
        raise PipelineError(f"version {package.version} did not pass the gate, nothing releases it: {package.reason}")
