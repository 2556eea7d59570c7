"""Endpoints: created, updated without an interruption, and deleted. The processes behind them are in `serving`."""

import threading
import time
from typing import Any

from cookiecutter_mlops.localaws.crud import Document, page
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.sagemaker import rules
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure, ValidationException
from cookiecutter_mlops.localaws.sagemaker.kinds import ENDPOINT, ENDPOINT_CONFIG
from cookiecutter_mlops.localaws.sagemaker.serving import Fleet


class EndpointOperations(Operations):
    """Operations on endpoints; part of the SageMaker backend."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.fleets: dict[str, Fleet] = {}

    def create_endpoint_config(self, request: Document) -> Document:
        rules.check_endpoint_config(self, request)
        return self.documents.create(ENDPOINT_CONFIG, request)

    def create_endpoint(self, request: Document) -> Document:
        config = self.documents.find(ENDPOINT_CONFIG, request)
        document = self.documents.create(ENDPOINT, request | {"EndpointStatus": "Creating"})
        self.emit("Endpoint", document)
        self._deploy(document, config)
        return document

    def update_endpoint(self, request: Document) -> Document:
        document, config = self.documents.find(ENDPOINT, request), self.documents.find(ENDPOINT_CONFIG, request)
        _refuse_unless_in_service(document)
        rules.check_endpoint_update(self, document, config)
        summary = {"EndpointConfigName": config["EndpointConfigName"], "StartTime": time.time()}
        if "DeploymentConfig" in request:
            document["LastDeploymentConfig"] = request["DeploymentConfig"]
        document.pop("FailureReason", None)
        self._endpoint_status(document, "Updating", PendingDeploymentSummary=summary)
        self._deploy(document, config, keep_counts=bool(request.get("RetainAllVariantProperties")))
        return document

    def update_endpoint_weights_and_capacities(self, request: Document) -> Document:
        document = self.documents.find(ENDPOINT, request)
        _refuse_unless_in_service(document)
        variants = {variant["VariantName"]: variant for variant in document["ProductionVariants"]}
        for desired in request["DesiredWeightsAndCapacities"]:
            variant = variants[desired["VariantName"]]
            for member in ("Weight", "InstanceCount"):
                if f"Desired{member}" in desired:
                    variant |= {f"{when}{member}": desired[f"Desired{member}"] for when in ("Current", "Desired")}
        return document

    def delete_endpoint(self, request: Document) -> Document:
        document = self.documents.find(ENDPOINT, request)
        self.documents.delete(ENDPOINT, document)
        self._endpoint_status(document, "Deleting")
        if fleet := self.fleets.pop(document["EndpointName"], None):
            fleet.stop()
        return {}

    def list_endpoints(self, request: Document) -> Document:
        return page(request, "Endpoints", self.documents.search(ENDPOINT, request))

    def _deploy(self, document: Document, config: Document, keep_counts: bool = False) -> None:
        threading.Thread(target=self._bring_up, args=(document, config, keep_counts), daemon=True).start()

    def _bring_up(self, document: Document, config: Document, keep_counts: bool) -> None:
        """Start the new servers; switch to them when all are healthy, else keep what is there."""
        fleet = Fleet(self, document["EndpointName"], config)
        try:
            variants = [self._summary(variant) for variant in config["ProductionVariants"]]
            fleet.start()
        except Exception as error:
            known = isinstance(error, ContainerFailure | AwsError)
            self._failed(document, str(error) if known else f"InternalServerError: {type(error).__name__}: {error}")
        else:
            if keep_counts:
                before = {variant["VariantName"]: variant for variant in document.get("ProductionVariants", [])}
                variants = [variant | _counts(before.get(variant["VariantName"], {})) for variant in variants]
            self._switch(document, config, fleet, variants)

    def _switch(self, document: Document, config: Document, fleet: Fleet, variants: list[Document]) -> None:
        name = document["EndpointName"]
        old, self.fleets[name] = self.fleets.get(name), fleet
        if document["EndpointStatus"] == "Deleting":  # while the servers started
            self.fleets.pop(name, fleet).stop()
            return
        document["EndpointConfigName"], document["ProductionVariants"] = config["EndpointConfigName"], variants
        document["AsyncInferenceConfig"] = config.get("AsyncInferenceConfig")
        document["DataCaptureConfig"] = _capture_summary(fleet.capture)
        self._endpoint_status(document, "InService")
        if old:
            old.retire()

    def _failed(self, document: Document, reason: str) -> None:
        """A failed creation is Failed; after a failed update the old configuration is in service, as AWS rolls back."""
        if document["EndpointStatus"] != "Deleting":
            status = "InService" if document["EndpointName"] in self.fleets else "Failed"
            self._endpoint_status(document, status, FailureReason=reason)

    def _endpoint_status(self, document: Document, status: str, **members: Any) -> None:
        if status != "Updating":
            document.pop("PendingDeploymentSummary", None)
        document.update(members, EndpointStatus=status, LastModifiedTime=time.time())
        self.emit("Endpoint", document)

    def _summary(self, variant: Document) -> Document:
        image = self.container_of(variant["ModelName"])["Image"]
        summary: Document = {
            "VariantName": variant["VariantName"],
            "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": time.time()}],
        }
        for when in ("Current", "Desired"):
            summary[f"{when}Weight"] = variant.get("InitialVariantWeight", 1.0)
            if serverless := variant.get("ServerlessConfig"):
                summary[f"{when}ServerlessConfig"] = serverless
            else:
                summary[f"{when}InstanceCount"] = variant.get("InitialInstanceCount", 1)
        return summary


def _capture_summary(config: Document) -> Document:
    """Return a capture configuration as DescribeEndpoint has it."""
    status = {"CaptureStatus": "Started" if config.get("EnableCapture") else "Stopped"}
    return config | status | {"CurrentSamplingPercentage": config["InitialSamplingPercentage"]} if config else {}


def _counts(variant: Document) -> Document:
    """Return weights and instance counts of a variant: what RetainAllVariantProperties keeps over an update."""
    return {name: value for name, value in variant.items() if name.endswith(("Weight", "InstanceCount"))}


def _refuse_unless_in_service(document: Document) -> None:
    status, arn = document["EndpointStatus"], document["EndpointArn"]
    if status in ("Creating", "Updating"):
        raise ValidationException(f'Cannot update in-progress endpoint "{arn}".')
    if status != "InService":
        raise ValidationException(f'Cannot update endpoint "{arn}" in status {status}; delete it and create it again.')
