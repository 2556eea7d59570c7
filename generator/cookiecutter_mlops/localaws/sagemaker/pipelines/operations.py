"""Operations on pipelines and their executions; part of the SageMaker backend."""

import json
import secrets
import string

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.crud import Document, Kind, page, seconds_of
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated
from cookiecutter_mlops.localaws.iam.acting import Session
from cookiecutter_mlops.localaws.sagemaker import roles, storage
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ResourceNotFound
from cookiecutter_mlops.localaws.sagemaker.pipelines import steps
from cookiecutter_mlops.localaws.sagemaker.pipelines.definition import Definition
from cookiecutter_mlops.localaws.sagemaker.pipelines.execution import Run

PIPELINE = Kind(
    "Pipeline",
    defaults={"PipelineStatus": "Active"},
    listed="PipelineSummaries",
    exists=(
        "ValidationException",
        "Pipeline names must be unique within an AWS account and region. Pipeline with name ({key}) already exists.",
    ),
)
EXECUTION = Kind(
    "PipelineExecution",
    "PipelineName",
    "PipelineExecutionId",
    arn="pipeline/{PipelineName}/execution/{PipelineExecutionId}",
    defaults={"PipelineExecutionStatus": "Executing"},
)
_NOT_EMULATED = ("SelectiveExecutionConfig", "PipelineVersionId", "PipelineVersionAlias", "MlflowExperimentName")
_LETTERS = string.ascii_lowercase + string.digits


class PipelineOperations(Operations):
    """Pipelines and executions; a document of an execution is everything that is known of it."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.runs: dict[str, Run] = {}  # by the ARN of the execution

    def create_pipeline(self, request: Document) -> Document:
        return self.documents.create(PIPELINE, self._with_definition(request))

    def update_pipeline(self, request: Document) -> Document:
        return self.documents.update(PIPELINE, self._with_definition(request))

    def start_pipeline_execution(self, request: Document) -> Document:
        if refused := [name for name in _NOT_EMULATED if name in request]:
            raise NotEmulated(f"{refused[0]} of StartPipelineExecution")
        name = request["PipelineName"].rpartition("/")[2]  # or its ARN
        pipeline = self.documents.get(PIPELINE, name)
        token = request.get("ClientRequestToken")
        if earlier := next((item for item in self._executions(name) if token and item["Token"] == token), None):
            return earlier
        definition = Definition(pipeline["PipelineDefinition"])
        values = definition.values(request.get("PipelineParameters", []))
        definition.refuse_unknown_types(set(steps.RUNNERS))
        role = request.get("RoleArn") or pipeline["RoleArn"]
        session = roles.assume(self, role, pipeline["PipelineArn"])
        document = self.documents.create(EXECUTION, _new(pipeline, request, values) | {"RoleArn": role})
        pipeline.update(LastRunTime=clock.time(), LastExecutionTime=clock.time())
        self._run(document, definition, session)
        return document

    def stop_pipeline_execution(self, request: Document) -> Document:
        document = self._execution(request)
        if document["PipelineExecutionStatus"] == "Executing":
            self.runs[document["PipelineExecutionArn"]].stop()
        elif document["PipelineExecutionStatus"] != "Stopping":
            raise _conflict(document, "stopped", "Executing")
        return document

    def retry_pipeline_execution(self, request: Document) -> Document:
        """Run again what failed, was stopped or did not begin; what succeeded stays."""
        document = self._execution(request)
        if document["PipelineExecutionStatus"] not in ("Failed", "Stopped"):
            raise _conflict(document, "retried", "Failed or Stopped")
        session = roles.assume(self, document["RoleArn"], document["PipelineArn"])
        document.update({name: request[name] for name in ("ParallelismConfiguration",) if name in request})
        document.pop("FailureReason", None)
        self._run(document, Definition(document["PipelineDefinition"]), session)
        return document

    def update_pipeline_execution(self, request: Document) -> Document:
        document = self._execution(request)
        document.update(request, LastModifiedTime=clock.time())
        return document

    def describe_pipeline_execution(self, request: Document) -> Document:
        return self._execution(request)

    def describe_pipeline_definition_for_execution(self, request: Document) -> Document:
        document = self._execution(request)
        return {name: document[name] for name in ("PipelineDefinition", "CreationTime")}

    def list_pipeline_executions(self, request: Document) -> Document:
        name = request["PipelineName"].rpartition("/")[2]
        self.documents.get(PIPELINE, name)
        after, before = request.get("CreatedAfter"), request.get("CreatedBefore")
        found = [
            item | {"StartTime": item["CreationTime"], "PipelineExecutionFailureReason": item.get("FailureReason")}
            for item in self._executions(name)
            if (after is None or item["CreationTime"] > seconds_of(after))
            and (before is None or item["CreationTime"] < seconds_of(before))
        ]
        by = request.get("SortBy", "CreationTime")
        found.sort(key=lambda item: item[by], reverse=request.get("SortOrder", "Descending") == "Descending")
        return page(request, "PipelineExecutionSummaries", found)

    def list_pipeline_execution_steps(self, request: Document) -> Document:
        """List the steps that began, the last one first unless the request says otherwise."""
        found = sorted(self._execution(request)["Steps"], key=lambda record: record["StartTime"])
        if request.get("SortOrder", "Descending") == "Descending":
            found.reverse()
        return page(request, "PipelineExecutionSteps", found)

    def list_pipeline_parameters_for_execution(self, request: Document) -> Document:
        return page(request, "PipelineParameters", self._execution(request)["Parameters"], 50)

    def _run(self, document: Document, definition: Definition, session: Session) -> None:
        earlier = [item for item in self._executions(document["PipelineName"]) if item is not document]
        run = self.runs[document["PipelineExecutionArn"]] = Run(document, definition, session, earlier)
        run.move("Executing")
        run.start()

    def _execution(self, request: Document) -> Document:
        arn = request["PipelineExecutionArn"]
        _, _, name, _, number = (arn.replace(":pipeline/", "/pipeline/").split("/") + [""] * 5)[:5]
        if document := self.documents.of(EXECUTION).get((name, number)):
            return document
        raise ResourceNotFound(f"Pipeline execution with ARN {arn} does not exist.")

    def _executions(self, pipeline: str) -> list[Document]:
        return [item for item in list(self.documents.of(EXECUTION).values()) if item["PipelineName"] == pipeline]

    def _with_definition(self, request: Document) -> Document:
        """Return the request with the text of a definition that lies in S3, which AWS keeps; refuse a wrong one."""
        if place := request.pop("PipelineDefinitionS3Location", None):
            address = f"s3://{place['Bucket']}/{place['ObjectKey']}"
            request["PipelineDefinition"] = storage.read(self.account_id, address).decode()
        if "PipelineDefinition" in request:
            Definition(request["PipelineDefinition"])
        return request


def _new(pipeline: Document, request: Document, values: Document) -> Document:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    parallel = request.get("ParallelismConfiguration") or pipeline.get("ParallelismConfiguration")
    return {
        "PipelineName": pipeline["PipelineName"],
        "PipelineArn": pipeline["PipelineArn"],
        "PipelineExecutionId": "".join(secrets.choice(_LETTERS) for _ in range(12)),
        "PipelineExecutionDisplayName": request.get("PipelineExecutionDisplayName")
        or f"execution-{round(clock.time() * 1000)}",
        "PipelineDefinition": pipeline["PipelineDefinition"],
        "Parameters": [{"Name": name, "Value": texts[name], "Typed": value} for name, value in values.items()],
        "Token": request.get("ClientRequestToken"),
        "Steps": [],
        "Properties": {},
        "Arguments": {},  # of the steps with a cache
    } | {
        name: value
        for name, value in (request | {"ParallelismConfiguration": parallel}).items()
        if name in ("PipelineExecutionDescription", "ParallelismConfiguration") and value
    }


def _conflict(document: Document, what: str, needed: str) -> AwsError:
    status = document["PipelineExecutionStatus"]
    return AwsError(
        "ConflictException",
        f"The pipeline execution {document['PipelineExecutionArn']} cannot be {what}: its status is {status}, "
        f"not {needed}.",
    )
