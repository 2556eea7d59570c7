"""The resources that are only documents, and the documents of those that also run: names, ARNs, not-found texts."""

from typing import Any

from cookiecutter_mlops.localaws.crud import Kind

_VALIDATION = "ValidationException"


def _complete_notebook(document: dict[str, Any]) -> None:
    """Add what AWS fills in, and answer the lifecycle configuration under the name that Describe has for it."""
    name = document.get("LifecycleConfigName")
    document |= {"NotebookInstanceLifecycleConfigName": name} if name else {}
    document["Url"] = f"{document['NotebookInstanceName']}.notebook.sagemaker.aws"


def _complete_model(document: dict[str, Any]) -> None:
    for container in [document.get("PrimaryContainer"), *document.get("Containers", [])]:
        if container:
            container.setdefault("Mode", "SingleModel")


MODEL = Kind("Model", missing=(_VALIDATION, 'Could not find model "{key}".'), complete=_complete_model)
ENDPOINT_CONFIG = Kind("EndpointConfig", missing=(_VALIDATION, 'Could not find endpoint configuration "{key}".'))
ENDPOINT = Kind("Endpoint", missing=(_VALIDATION, 'Could not find endpoint "{key}".'))
NOTEBOOK = Kind(
    "NotebookInstance",
    defaults={
        "NotebookInstanceStatus": "InService",
        "VolumeSizeInGB": 5,
        "DirectInternetAccess": "Enabled",
        "RootAccess": "Enabled",
        "PlatformIdentifier": "notebook-al2-v2",
    },
    missing=(_VALIDATION, "RecordNotFound"),
    complete=_complete_notebook,
)
NOTEBOOK_LIFECYCLE = Kind(
    "NotebookInstanceLifecycleConfig",
    missing=(_VALIDATION, "Unable to describe Notebook Instance Lifecycle Config '{key}'."),
)
CODE_REPOSITORY = Kind(
    "CodeRepository", listed="CodeRepositorySummaryList", missing=(_VALIDATION, "Cannot find CodeRepository: {key}.")
)

TRAINING_JOB = Kind(
    "TrainingJob",
    order="Ascending",
    missing=(_VALIDATION, "Requested resource not found."),
    exists=(
        "ResourceInUse",
        "Training job names must be unique within an AWS account and region, "
        "and a training job with this name already exists ({key}).",
    ),
)
PROCESSING_JOB = Kind(
    "ProcessingJob",
    order="Ascending",
    missing=(_VALIDATION, "Could not find requested job with name: {key}."),
    exists=(
        "ResourceInUse",
        "Job name must be unique within an AWS account and region, and a job with this name already exists ({key}).",
    ),
)
TRANSFORM_JOB = Kind(
    "TransformJob",
    missing=(_VALIDATION, "Could not find requested job with name: {key}."),
    exists=(
        "ResourceInUse",
        "Job name must be unique within an AWS account and region, and a job with this name already exists ({key}).",
    ),
)
MODEL_PACKAGE_GROUP = Kind(
    "ModelPackageGroup",
    order="Ascending",
    defaults={"ModelPackageGroupStatus": "Completed"},
    missing=(_VALIDATION, "ModelPackageGroup {key} does not exist."),
    exists=(_VALIDATION, "Model Package Group already exists: {key}."),
)
MODEL_PACKAGE = Kind(
    "ModelPackage",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    order="Ascending",
    missing=(_VALIDATION, "ModelPackage {key} does not exist."),
)
