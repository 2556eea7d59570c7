"""SageMaker with real execution. Each public method is an operation: it takes the request and returns the answer."""

from datetime import UTC, datetime
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.core.utils import camelcase_to_underscores

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.crud import Document, Documents, crud, page
from cookiecutter_mlops.localaws.sagemaker import storage, training
from cookiecutter_mlops.localaws.sagemaker.endpoints import EndpointOperations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ResourceNotFound, ValidationException
from cookiecutter_mlops.localaws.sagemaker.jobs import Job
from cookiecutter_mlops.localaws.sagemaker.kinds import (
    CODE_REPOSITORY,
    ENDPOINT,
    ENDPOINT_CONFIG,
    MODEL,
    NOTEBOOK,
    NOTEBOOK_LIFECYCLE,
    PROCESSING_JOB,
    TRAINING_JOB,
)
from cookiecutter_mlops.localaws.sagemaker.processing import ProcessingJob
from cookiecutter_mlops.localaws.sagemaker.registry import RegistryOperations
from cookiecutter_mlops.localaws.sagemaker.serving import Fleet
from cookiecutter_mlops.localaws.sagemaker.training import TrainingJob

_DETAIL_TYPES = {
    "TrainingJob": "SageMaker Training Job State Change",
    "ProcessingJob": "SageMaker Processing Job State Change",
    "Endpoint": "SageMaker Endpoint State Change",
    "ModelPackage": "SageMaker Model Package State Change",
}


class SageMakerBackend(EndpointOperations, RegistryOperations, BaseBackend):
    """The SageMaker of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.documents = Documents("sagemaker", account_id, region_name)
        self.jobs: dict[str, Job] = {}
        self.fleets: dict[str, Fleet] = {}

    def create_model(self, request: Document) -> Document:
        container = request.get("PrimaryContainer") or (request.get("Containers") or [{}])[0]
        if url := container.get("ModelDataUrl"):
            storage.read(self.account_id, url)
        if f"{self.account_id}.dkr.ecr." in container.get("Image", ""):
            runtime.bundle(container["Image"])
        return self.documents.create(MODEL, request)

    def container_of(self, model: Document) -> Document:
        """Return image, data and environment of a model, which may name a model package instead."""
        containers = [model["PrimaryContainer"]] if "PrimaryContainer" in model else model["Containers"]
        if len(containers) != 1:
            raise ValidationException("Containers: the embedded AWS serves models of 1 container.")
        if name := containers[0].get("ModelPackageName"):
            package = self.describe_model_package({"ModelPackageName": name})
            return package["InferenceSpecification"]["Containers"][0] | containers[0]
        return containers[0]

    def create_training_job(self, request: Document) -> Document:
        training.check(self, request)
        started = {"SecondaryStatusTransitions": [], "TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"}
        return self._start(TRAINING_JOB, request | started, TrainingJob)

    def describe_training_job(self, request: Document) -> Document:
        return self.documents.describe(TRAINING_JOB, request)

    def list_training_jobs(self, request: Document) -> Document:
        return page(request, "TrainingJobSummaries", self.documents.search(TRAINING_JOB, request))

    def stop_training_job(self, request: Document) -> Document:
        self.documents.find(TRAINING_JOB, request)
        self.jobs[request["TrainingJobName"]].stop()
        return {}

    def create_processing_job(self, request: Document) -> Document:
        return self._start(PROCESSING_JOB, request | {"ProcessingJobStatus": "InProgress"}, ProcessingJob)

    def describe_processing_job(self, request: Document) -> Document:
        return self.documents.describe(PROCESSING_JOB, request)

    def list_processing_jobs(self, request: Document) -> Document:
        return page(request, "ProcessingJobSummaries", self.documents.search(PROCESSING_JOB, request))

    def stop_processing_job(self, request: Document) -> Document:
        self.documents.find(PROCESSING_JOB, request)
        self.jobs[request["ProcessingJobName"]].stop()
        return {}

    def start_notebook_instance(self, request: Document) -> Document:
        self.documents.find(NOTEBOOK, request)["NotebookInstanceStatus"] = "InService"
        return {}

    def stop_notebook_instance(self, request: Document) -> Document:
        self.documents.find(NOTEBOOK, request)["NotebookInstanceStatus"] = "Stopped"
        return {}

    def list_tags(self, request: Document) -> Document:
        return page(request, "Tags", self._tagged(request).get("Tags") or [])

    def add_tags(self, request: Document) -> Document:
        return {"Tags": self.documents.tag(self._tagged(request), request["Tags"])}

    def delete_tags(self, request: Document) -> Document:
        self.documents.untag(self._tagged(request), request["TagKeys"])
        return {}

    def emit(self, noun: str, document: Document) -> None:
        """Tell EventBridge about a new state, with the details that AWS sends."""
        detail, arn = _detail(noun, document), document[f"{noun}Arn"]
        runtime.put_event(self.account_id, self.region_name, "aws.sagemaker", _DETAIL_TYPES[noun], detail, [arn])

    def _start(self, kind: Any, request: Document, job_type: type[Job]) -> Document:
        document = self.documents.create(kind, request)
        try:
            job = self.jobs[document[f"{kind.noun}Name"]] = job_type(self, document)
        except Exception:
            self.documents.delete(kind, document)
            raise
        job.start()
        return document

    def _tagged(self, request: Document) -> Document:
        document = self.documents.by_arn(request["ResourceArn"])
        if document is None:
            raise ResourceNotFound(f"{request['ResourceArn']} does not exist.")
        return document


def _detail(noun: str, document: Document) -> dict[str, Any]:
    """Return an event's detail: model packages have ISO times, everything else epoch milliseconds; both as on AWS."""
    in_iso = noun == "ModelPackage"
    detail = {
        name: (_iso(value) if in_iso else round(value * 1000)) if name.endswith("Time") else value
        for name, value in document.items()
        if name not in ("ClientToken", "CreatedTime") and value is not None
    }
    if noun == "Endpoint":
        # As AWS writes it in this one event: IN_SERVICE, not InService.
        detail["EndpointStatus"] = camelcase_to_underscores(document["EndpointStatus"]).upper()
    return detail


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


for _kind, _verbs in {
    MODEL: "Describe Delete List",
    ENDPOINT_CONFIG: "Describe Delete List",
    ENDPOINT: "Describe",
    NOTEBOOK: "Create Describe Update Delete List",
    NOTEBOOK_LIFECYCLE: "Create Describe Update Delete List",
    CODE_REPOSITORY: "Create Describe Update Delete List",
}.items():
    for _name, _operation in crud(_kind, _verbs).items():
        setattr(SageMakerBackend, _name, _operation)
