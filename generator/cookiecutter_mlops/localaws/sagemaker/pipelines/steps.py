"""How each type of step is carried out: by calls of AWS's API with the pipeline's role, to this embedded AWS."""

import json
import secrets
import string
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from cookiecutter_mlops.localaws.crud import Document
from cookiecutter_mlops.localaws.sagemaker.pipelines.definition import Step
from cookiecutter_mlops.localaws.sagemaker.pipelines.expressions import Unresolved

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.sagemaker.pipelines.execution import Run

_LETTERS = string.ascii_lowercase + string.digits
_NAME_LENGTH = 63
_POLL_SECONDS = 0.2


class StepFailed(Exception):
    """A step failed; `kind` is the exception type that retry policies name, where there is one."""

    def __init__(self, reason: str, kind: str = "") -> None:
        self.kind = kind
        super().__init__(reason[:1024])


class StepStopped(Exception):
    """A step ended because its execution was told to stop."""


@dataclass(frozen=True)
class _Job:
    """A type of step that is a SageMaker job: `noun` of its operations, and what the step's metadata calls it."""

    noun: str
    metadata: str

    def __call__(self, run: "Run", step: Step, record: Document) -> Document:
        request = run.scope.resolved(step.arguments)
        name_member = f"{self.noun}Name"
        name = self._new_name(request.get(name_member), run.id, step.name)
        made = called(run, "sagemaker", f"Create{self.noun}", **request | {name_member: name})
        record["Metadata"] = {self.metadata: {"Arn": made[f"{self.noun}Arn"]}}
        run.changed(record, "Executing")
        stopping = False
        while True:
            job = called(run, "sagemaker", f"Describe{self.noun}", **{name_member: name})
            status = job[f"{self.noun}Status"]
            if status in ("Completed", "Failed", "Stopped"):
                return self._ended(job, status, stopping)
            if run.halted.is_set() and not stopping:
                stopping = True
                called(run, "sagemaker", f"Stop{self.noun}", **{name_member: name})
            time.sleep(_POLL_SECONDS)

    def _new_name(self, prefix: str | None, execution: str, step: str) -> str:
        return new_name(prefix or "pipelines", execution, step)

    def _ended(self, job: Document, status: str, stopping: bool) -> Document:
        if status == "Stopped" and stopping:
            raise StepStopped
        if status != "Completed":
            reason = job.get("FailureReason") or f"The {self.noun} was stopped."
            raise StepFailed(reason, _of_reason(reason))
        return job


class _Tuning(_Job):
    """A tuning job, with a name of at most 32 characters; its properties also list its training jobs, best first."""

    def __call__(self, run: "Run", step: Step, record: Document) -> Document:
        job = super().__call__(run, step, record)
        best = {"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Ascending"}
        name = {"HyperParameterTuningJobName": job["HyperParameterTuningJobName"]}
        return job | called(run, "sagemaker", "ListTrainingJobsForHyperParameterTuningJob", **name, **best)

    def _new_name(self, prefix: str | None, execution: str, step: str) -> str:
        return f"{execution}-{step[:8].strip('-')}-{_random(10)}"


def new_name(prefix: str, execution: str, step: str) -> str:
    """Return a name such as SageMaker gives to what a step makes, of at most 63 characters."""
    tail = _random(10)
    room = _NAME_LENGTH - len(execution) - len(tail) - 3
    prefix = prefix[: room - 1]
    return "-".join([prefix, execution, step[: room - len(prefix)].strip("-"), tail])


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def called(run: "Run", service: str, operation: str, **request: Any) -> Document:
    """Call an operation with the pipeline's role; raise StepFailed where it is refused."""
    try:
        return getattr(run.client(service), xform_name(operation))(**request)
    except ParamValidationError as error:
        raise StepFailed(f"ClientError: Failed to invoke {service}:{operation}. Error Details: {error}") from None
    except ClientError as error:
        details = error.response["Error"].get("Message", "")
        reason = f"ClientError: Failed to invoke {service}:{operation}. Error Details: {details}"
        raise StepFailed(reason, _of_error(error)) from None
    except BotoCoreError as error:  # no answer came
        raise StepFailed(f"InternalServerError: {service}:{operation}: {error}", "Step.SERVICE_FAULT") from None


def _model(run: "Run", step: Step, record: Document) -> Document:
    run.changed(record, "Executing")
    request = run.scope.resolved(step.arguments)
    name = new_name(request.get("ModelName") or "pipelines", run.id, step.name)
    made = called(run, "sagemaker", "CreateModel", **request | {"ModelName": name})
    record["Metadata"] = {"Model": {"Arn": made["ModelArn"]}}
    return called(run, "sagemaker", "DescribeModel", ModelName=name)


def _register(run: "Run", step: Step, record: Document) -> Document:
    run.changed(record, "Executing")
    made = called(run, "sagemaker", "CreateModelPackage", **run.scope.resolved(step.arguments))
    record["Metadata"] = {"RegisterModel": {"Arn": made["ModelPackageArn"]}}
    return called(run, "sagemaker", "DescribeModelPackage", ModelPackageName=made["ModelPackageArn"])


def _condition(run: "Run", step: Step, record: Document) -> Document:
    """Evaluate all conditions, which must all hold; the scheduler takes the branch of the outcome."""
    run.changed(record, "Executing")
    outcome = str(all(run.scope.holds(condition) for condition in step.arguments["Conditions"]))
    record["Metadata"] = {"Condition": {"Outcome": outcome}}
    return {"Outcome": outcome}


def _fail(run: "Run", step: Step, record: Document) -> Document:
    run.changed(record, "Executing")
    message = run.scope.resolved(step.arguments.get("ErrorMessage", ""))
    record["Metadata"] = {"Fail": {"ErrorMessage": message}}
    raise StepFailed(message)


def _lambda(run: "Run", step: Step, record: Document) -> Document:
    """Invoke the function with the arguments; the outputs are members of what it returns."""
    run.changed(record, "Executing")
    function = run.scope.resolved(step.settings["FunctionArn"])
    payload = json.dumps(run.scope.resolved(step.arguments))
    answer = called(run, "lambda", "Invoke", FunctionName=function, Payload=payload)
    text = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise StepFailed(f"ClientError: The Lambda function {function} failed: {text}")
    returned = json.loads(text or "null") or {}
    names = [item["OutputName"] for item in step.settings.get("OutputParameters", [])]
    if missing := [name for name in names if name not in returned]:
        raise StepFailed(f"ClientError: The Lambda function {function} returned no {', '.join(missing)}.")
    outputs = {name: returned[name] for name in names}
    listed = [{"Name": name, "Value": str(value)} for name, value in outputs.items()]
    record["Metadata"] = {"Lambda": {"Arn": function, "OutputParameters": listed}}
    return {"OutputParameters": outputs}


RUNNERS: dict[str, Callable[["Run", Step, Document], Document]] = {
    "Training": _Job("TrainingJob", "TrainingJob"),
    "Processing": _Job("ProcessingJob", "ProcessingJob"),
    "Transform": _Job("TransformJob", "TransformJob"),
    "Tuning": _Tuning("HyperParameterTuningJob", "TuningJob"),
    "Model": _model,
    "RegisterModel": _register,
    "Condition": _condition,
    "Fail": _fail,
    "Lambda": _lambda,
}


def property_file(run: "Run", step: Step, name: str) -> str:
    """Return the text of one of the property files that a processing step declares."""
    declared = {item["PropertyFileName"]: item for item in step.settings.get("PropertyFiles", [])}
    if name not in declared:
        raise Unresolved(f"step {step.name} declares no property file {name}")
    outputs = run.scope.steps[step.name]["ProcessingOutputConfig"]["Outputs"]
    place = {item["OutputName"]: item["S3Output"]["S3Uri"] for item in outputs}.get(declared[name]["OutputName"])
    if not place:
        raise Unresolved(f"property file {name}: step {step.name} has no output {declared[name]['OutputName']}")
    return read(run, f"{place.rstrip('/')}/{declared[name]['FilePath']}")


def read(run: "Run", address: str) -> str:
    """Return an object's text, read with the pipeline's role; Unresolved where that cannot be."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    try:
        return called(run, "s3", "GetObject", Bucket=bucket, Key=key)["Body"].read().decode()
    except StepFailed as error:
        raise Unresolved(f"{address} cannot be read: {error}") from None


def _of_error(error: ClientError) -> str:
    code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    kinds = {"ResourceLimitExceeded": "SageMaker.RESOURCE_LIMIT", "ThrottlingException": "Step.THROTTLING"}
    return kinds.get(code) or ("Step.SERVICE_FAULT" if status in (500, 503) else "")


def _of_reason(reason: str) -> str:
    kinds = {"CapacityError": "SageMaker.CAPACITY_ERROR", "InternalServerError": "SageMaker.JOB_INTERNAL_ERROR"}
    return kinds.get(reason.partition(":")[0], "")
