"""SageMaker with real execution. Each public method is an operation: it takes the request and returns the answer."""

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.crud import Document, Kind, crud, page
from cookiecutter_mlops.localaws.sagemaker import rules, storage
from cookiecutter_mlops.localaws.sagemaker.catalog import KINDS, CatalogOperations
from cookiecutter_mlops.localaws.sagemaker.endpoints import EndpointOperations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ValidationException
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
    TRANSFORM_JOB,
)
from cookiecutter_mlops.localaws.sagemaker.pipelines.operations import PipelineOperations
from cookiecutter_mlops.localaws.sagemaker.processing import ProcessingJob
from cookiecutter_mlops.localaws.sagemaker.registry import RegistryOperations
from cookiecutter_mlops.localaws.sagemaker.training import TrainingJob
from cookiecutter_mlops.localaws.sagemaker.transform import TransformJob
from cookiecutter_mlops.localaws.sagemaker.tuning.operations import TuningOperations

RunnableJob = TrainingJob | ProcessingJob | TransformJob


class SageMakerBackend(EndpointOperations, RegistryOperations, CatalogOperations, PipelineOperations, TuningOperations):
    """The SageMaker of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.jobs: dict[str, Job] = {}  # by ARN

    def create_model(self, request: Document) -> Document:
        container = request.get("PrimaryContainer") or (request.get("Containers") or [{}])[0]
        if url := container.get("ModelDataUrl"):
            storage.read(self.account_id, url)
        if f"{self.account_id}.dkr.ecr." in container.get("Image", ""):
            runtime.bundle(container["Image"])
        return self.documents.create(MODEL, request)

    def create_training_job(self, request: Document) -> Document:
        rules.check_training_job(self, request)
        started = {"SecondaryStatusTransitions": [], "TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"}
        return self._start(TRAINING_JOB, request | started, TrainingJob)

    def describe_training_job(self, request: Document) -> Document:
        return self.documents.describe(TRAINING_JOB, request)

    def list_training_jobs(self, request: Document) -> Document:
        return page(request, "TrainingJobSummaries", self.documents.search(TRAINING_JOB, request))

    def stop_training_job(self, request: Document) -> Document:
        return self._stop(TRAINING_JOB, request)

    def create_processing_job(self, request: Document) -> Document:
        rules.check_processing_job(request)
        return self._start(PROCESSING_JOB, request | {"ProcessingJobStatus": "InProgress"}, ProcessingJob)

    def describe_processing_job(self, request: Document) -> Document:
        return self.documents.describe(PROCESSING_JOB, request)

    def list_processing_jobs(self, request: Document) -> Document:
        return page(request, "ProcessingJobSummaries", self.documents.search(PROCESSING_JOB, request))

    def stop_processing_job(self, request: Document) -> Document:
        return self._stop(PROCESSING_JOB, request)

    def create_transform_job(self, request: Document) -> Document:
        rules.check_transform_job(self, request)
        return self._start(TRANSFORM_JOB, request | {"TransformJobStatus": "InProgress"}, TransformJob)

    def describe_transform_job(self, request: Document) -> Document:
        return self.documents.describe(TRANSFORM_JOB, request)

    def list_transform_jobs(self, request: Document) -> Document:
        return page(request, "TransformJobSummaries", self.documents.search(TRANSFORM_JOB, request))

    def stop_transform_job(self, request: Document) -> Document:
        return self._stop(TRANSFORM_JOB, request)

    def start_notebook_instance(self, request: Document) -> Document:
        return self._turn_notebook(request, "Stopped", "Pending", "InService")

    def stop_notebook_instance(self, request: Document) -> Document:
        return self._turn_notebook(request, "InService", "Stopping", "Stopped")

    def _turn_notebook(self, request: Document, before: str, on_the_way: str, after: str) -> Document:
        """Bring a notebook from one status to another; it is there at once."""
        notebook = self.documents.find(NOTEBOOK, request)
        if (status := notebook["NotebookInstanceStatus"]) != before:
            moves = f"Unable to transition to ({on_the_way}) for Notebook Instance ({notebook['NotebookInstanceArn']})"
            raise ValidationException(f"Status ({status}) not in ([{before}]). {moves}.")
        notebook["NotebookInstanceStatus"] = after
        return {}

    def list_tags(self, request: Document) -> Document:
        return page(request, "Tags", self._tagged(request).get("Tags") or [], 50)

    def add_tags(self, request: Document) -> Document:
        return {"Tags": self.documents.tag(self._tagged(request), request["Tags"])}

    def delete_tags(self, request: Document) -> Document:
        self.documents.untag(self._tagged(request), request["TagKeys"])
        return {}

    def _start(self, kind: Kind, request: Document, job_type: type[RunnableJob]) -> Document:
        document = self.documents.create(kind, request)
        try:
            job = self.jobs[document[kind.arn_member]] = job_type(self, document)
        except Exception:
            self.documents.delete(kind, document)
            raise
        job.start()
        return document

    def _stop(self, kind: Kind, request: Document) -> Document:
        self.jobs[self.documents.find(kind, request)[kind.arn_member]].stop()
        return {}


for _kind, _verbs in {
    MODEL: "Describe Delete List",
    ENDPOINT_CONFIG: "Describe Delete List",
    ENDPOINT: "Describe",
    NOTEBOOK: "Create Describe Update Delete List",
    NOTEBOOK_LIFECYCLE: "Create Describe Update Delete List",
    CODE_REPOSITORY: "Create Describe Update Delete List",
    **KINDS,
}.items():
    for _name, _operation in crud(_kind, _verbs).items():
        setattr(SageMakerBackend, _name, _operation)
