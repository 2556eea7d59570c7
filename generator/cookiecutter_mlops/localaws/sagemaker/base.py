"""What all of SageMaker's operations share: the documents, the running jobs and servers, tags and events."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.core.utils import camelcase_to_underscores

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.crud import Document, Documents
from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.sagemaker.exceptions import ResourceNotFound, ValidationException
from cookiecutter_mlops.localaws.sagemaker.kinds import MODEL, MODEL_PACKAGE

_DETAIL_TYPES = {
    "TrainingJob": "SageMaker Training Job State Change",
    "ProcessingJob": "SageMaker Processing Job State Change",
    "TransformJob": "SageMaker Transform Job State Change",
    "HyperParameterTuningJob": "SageMaker HyperParameter Tuning Job State Change",
    "Endpoint": "SageMaker Endpoint State Change",
    "ModelPackage": "SageMaker Model Package State Change",
}


class Operations(BaseBackend):
    """The SageMaker of one account and region, without its operations."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.documents = Documents("sagemaker", account_id, region_name)

    def emit(self, noun: str, document: Document, detail_type: str = "") -> None:
        """Tell EventBridge about a new state, with the details that AWS sends."""
        detail, arn = _detail(noun, document), document[f"{noun}Arn"]
        kind = detail_type or _DETAIL_TYPES[noun]
        runtime.put_event(self.account_id, self.region_name, "aws.sagemaker", kind, detail, [arn])

    def _package(self, arn: str) -> Document:
        group, _, version = arn.partition(":model-package/")[2].partition("/")
        package = self.documents.of(MODEL_PACKAGE).get((group, int(version))) if version.isdecimal() else None
        if package is None:
            raise ValidationException(f"ModelPackage {arn} does not exist.")
        return package

    def container_of(self, model_name: str) -> Document:
        """Return image, data and environment of a model, which may name a model package instead."""
        model = self.documents.get(MODEL, model_name)
        containers = [model["PrimaryContainer"]] if "PrimaryContainer" in model else model["Containers"]
        if len(containers) != 1:
            raise NotEmulated("inference pipelines (a model with several containers)")
        if arn := containers[0].get("ModelPackageName"):
            return self._package(arn)["InferenceSpecification"]["Containers"][0] | containers[0]
        return containers[0]

    def _tagged(self, request: Document) -> Document:
        document = self.documents.by_arn(request["ResourceArn"])
        if document is None:
            raise ResourceNotFound(f"{request['ResourceArn']} does not exist.")
        return document


def _detail(noun: str, document: Document) -> dict[str, Any]:
    """Return an event's detail: model packages have ISO times, everything else epoch milliseconds; both as on AWS."""
    moment = _iso if noun == "ModelPackage" else _milliseconds
    detail = {
        name: _with_times(name, value, moment)
        for name, value in document.items()
        if name not in ("ClientToken", "CreatedTime") and value is not None
    }
    if noun == "Endpoint":
        # As AWS writes it in this one event: IN_SERVICE, not InService.
        detail["EndpointStatus"] = camelcase_to_underscores(document["EndpointStatus"]).upper()
    return detail


def _with_times(name: str, value: Any, moment: Callable[[float], Any]) -> Any:
    """Return a member of an event with its times, at any depth, as the event writes them."""
    if isinstance(value, dict):
        return {key: _with_times(key, item, moment) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_times("", item, moment) for item in value]
    return moment(value) if name.endswith("Time") and isinstance(value, int | float) else value


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
