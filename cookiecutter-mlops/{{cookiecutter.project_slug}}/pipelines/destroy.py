"""Removes what the pipelines made and Terraform does not know, so that `terraform destroy` can remove the rest.

    python -m pipelines.destroy         # `make destroy` runs it, and then Terraform

In order, and as often as needed: what is gone already is passed over. Where buckets hold data and `force_destroy` is
not set nothing is removed at all: Terraform would keep the buckets and delete the key that their content needs.
"""

import argparse
import re
from collections.abc import Callable, Iterator

from botocore import xform_name
from botocore.exceptions import ClientError

from pipelines import autoscaling, endpoint, gatekeeper, packages, project, tune
from pipelines.project import PipelineError

GONE = ("NotFound", "does not exist", "Could not find")  # in the code or the message of what AWS answers
JOBS = ("HyperParameterTuningJob", "TrainingJob", "ProcessingJob", "TransformJob")


def refuse_full_buckets(slug: str) -> None:
    """Data is deleted only where somebody said so, in a file and beforehand."""
    if project.variables()["force_destroy"]:
        return
    s3 = project.client("s3")
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    own = [name for name in names if re.match(rf"{slug}-(data|models|artifacts|logs)-\d{{12}}-", name)]
    if full := [name for name in own if s3.list_objects_v2(Bucket=name, MaxKeys=1)["KeyCount"]]:
        raise PipelineError(
            f"force_destroy: is false and {', '.join(full)} hold data; to delete it too, set it to true in "
            "terraform/terraform.auto.tfvars.json, apply, and run this again."
        )


def pause_training(slug: str) -> Iterator[str]:
    """The end of a run would start the next one, if something waits."""
    if gatekeeper.spec():
        yield gatekeeper.ask("pause", requested_by="destroy")["reason"]


def stop_pipelines(slug: str) -> Iterator[str]:
    """A release that runs on would make again what is being removed."""
    for pipeline in (f"{slug}-train", f"{slug}-release"):
        yield from present(stop_executions(pipeline))


def stop_executions(pipeline: str) -> Iterator[str]:
    """Abandon what runs in a pipeline."""
    service = project.client("codepipeline")
    for execution in service.list_pipeline_executions(pipelineName=pipeline)["pipelineExecutionSummaries"]:
        if execution["status"] == "InProgress":
            identity = execution["pipelineExecutionId"]
            service.stop_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=identity, abandon=True)
            yield identity


def stop_jobs(slug: str) -> Iterator[str]:
    """A job that nobody waits for still costs money; a tuning job goes first, as it starts others."""
    service = project.client("sagemaker")
    query = {"NameContains": slug[: tune.SLUG], "StatusEquals": "InProgress"}  # tags of other teams' may be forbidden
    for kind in JOBS:
        operation = xform_name(kind)
        pages = service.get_paginator(f"list_{operation}s").paginate(**query)
        for job in pages.search(f"{kind}Summaries[]"):
            if {"Key": "project", "Value": slug} in service.list_tags(ResourceArn=job[f"{kind}Arn"])["Tags"]:
                getattr(service, f"stop_{operation}")(**{f"{kind}Name": job[f"{kind}Name"]})
                yield job[f"{kind}Name"]


def remove_scaling(slug: str) -> Iterator[str]:
    """An endpoint that still scales cannot be deleted for good: its target would stay."""
    for stage in project.variables()["stages"]:
        if autoscaling.deregister(f"{slug}-{stage}"):
            yield f"{slug}-{stage}"


def remove_endpoints(slug: str) -> Iterator[str]:
    """Delete each stage's endpoint, and wait until it is gone."""
    for stage in project.variables()["stages"]:
        if endpoint.describe(f"{slug}-{stage}"):
            endpoint.delete(f"{slug}-{stage}")
            yield f"{slug}-{stage}"


def remove_configurations(slug: str) -> Iterator[str]:
    """Each with its model; a release that was cut short may have left a model alone."""
    for stage in project.variables()["stages"]:
        for name in {*endpoint.releases("endpoint_configs", slug, stage), *endpoint.releases("models", slug, stage)}:
            endpoint.discard(name)
            yield name


def remove_packages(slug: str) -> Iterator[str]:
    """Delete every version of the model; Terraform deletes the group."""
    for summary in packages.summaries(slug):
        project.client("sagemaker").delete_model_package(ModelPackageName=summary["ModelPackageArn"])
        yield summary["ModelPackageArn"]


def remove_images(slug: str) -> Iterator[str]:
    """A hundred at a time, as many as one call takes."""
    ecr = project.client("ecr")
    images = list(ecr.get_paginator("list_images").paginate(repositoryName=slug).search("imageIds[]"))
    digests = sorted({image["imageDigest"] for image in images})
    for start in range(0, len(digests), 100):
        batch = [{"imageDigest": digest} for digest in digests[start : start + 100]]
        ecr.batch_delete_image(repositoryName=slug, imageIds=batch)
    yield from digests


def remove_live(slug: str) -> Iterator[str]:
    """Forget what was released; the parameters are the pipelines', not Terraform's."""
    names = [f"/{slug}/{stage}/live" for stage in project.variables()["stages"]]
    yield from project.client("ssm").delete_parameters(Names=names)["DeletedParameters"]


STEPS: dict[str, Callable[[str], Iterator[str]]] = {
    "starts of training": pause_training,
    "pipeline executions": stop_pipelines,
    "running jobs": stop_jobs,
    "scaling targets": remove_scaling,
    "endpoints": remove_endpoints,
    "configurations and models": remove_configurations,
    "model packages": remove_packages,
    "images": remove_images,
    "records of what is live": remove_live,
}


def destroy(slug: str) -> None:
    """Take every step, whatever an earlier run or Terraform has removed already."""
    refuse_full_buckets(slug)
    for what, step in STEPS.items():
        print(f"{what}: ", end="", flush=True)
        print(f"{sum(1 for _ in present(step(slug)))} removed", flush=True)


def present(removed: Iterator[str]) -> Iterator[str]:
    """What a step removes, which ends where the thing that holds it (a group, a repository) is gone."""
    try:
        yield from removed
    except ClientError as error:
        if not any(word in str(error) for word in GONE):
            raise


def main() -> None:
    argparse.ArgumentParser(description="Remove what the pipelines made.").parse_args()
    destroy(project.slug())


if __name__ == "__main__":
    project.command(main)
