"""Endpoints: created, updated without an interruption, scaled, and deleted. What happens then is in `rollout`."""

import threading
from collections.abc import Iterable

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.crud import Document, page
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.sagemaker import alarms, returning, rules, scaling
from cookiecutter_mlops.localaws.sagemaker.backlog import Backlog
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.deployment import Plan
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure, ValidationException
from cookiecutter_mlops.localaws.sagemaker.kinds import ENDPOINT, ENDPOINT_CONFIG
from cookiecutter_mlops.localaws.sagemaker.rollout import Rollout, set_status
from cookiecutter_mlops.localaws.sagemaker.routing import Router
from cookiecutter_mlops.localaws.snapshot import Resuming


class EndpointOperations(Resuming, Operations):
    """Operations on endpoints; part of the SageMaker backend."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.routers: dict[str, Router] = {}
        self.rollouts: dict[str, Rollout] = {}
        self.backlogs: dict[str, Backlog] = {}  # of the asynchronous ones

    def resume(self) -> None:
        returning.endpoints(self)

    def create_endpoint_config(self, request: Document) -> Document:
        rules.check_endpoint_config(self, request)
        return self.documents.create(ENDPOINT_CONFIG, request)

    def create_endpoint(self, request: Document) -> Document:
        config = self.documents.find(ENDPOINT_CONFIG, request)
        variants = [self._summary(variant) for variant in config["ProductionVariants"]]
        rules.check_endpoint_quota(request["EndpointName"], config)
        document = self.documents.create(ENDPOINT, request | {"EndpointStatus": "Creating"})
        document["LastDeploymentConfig"] = request.get("DeploymentConfig")
        self.emit("Endpoint", document)
        self._roll_out(document, config, variants, Plan({}, _instances(variants)))
        return document

    def update_endpoint(self, request: Document) -> Document:
        document, config = self.documents.find(ENDPOINT, request), self.documents.find(ENDPOINT_CONFIG, request)
        _refuse_unless_in_service(document)
        scaling.check_update(self, document, config)
        variants = self._variants(document, config, request)
        plan = self._plan(document, config, request, variants)
        rules.check_endpoint_quota(request["EndpointName"], config)
        document.pop("FailureReason", None)
        pending = [dict(variant) for variant in variants]
        summary = {"EndpointConfigName": config["EndpointConfigName"], "StartTime": clock.time()}
        summary["ProductionVariants"] = pending
        set_status(self, document, "Updating", PendingDeploymentSummary=summary)
        self._roll_out(document, config, variants, plan)
        return document

    def update_endpoint_weights_and_capacities(self, request: Document) -> Document:
        document = self.documents.find(ENDPOINT, request)
        _refuse_unless_in_service(document)
        scaling.check(document, request["DesiredWeightsAndCapacities"])
        set_status(self, document, "Updating")
        threading.Thread(target=self._scale, args=(document, request), daemon=True).start()
        return document

    def delete_endpoint(self, request: Document) -> Document:
        document = self.documents.find(ENDPOINT, request)
        self.documents.delete(ENDPOINT, document)
        name = document["EndpointName"]
        set_status(self, document, "Deleting")
        self.rollouts.pop(name).cancel()
        if router := self.routers.pop(name, None):
            router.stop()
        if backlog := self.backlogs.pop(name, None):
            backlog.close()
        scaling.forget(self, name)
        return {}

    def list_endpoints(self, request: Document) -> Document:
        return page(request, "Endpoints", self.documents.search(ENDPOINT, request))

    def _plan(self, document: Document, config: Document, request: Document, variants: list[Document]) -> Plan:
        """Return how the update shifts traffic, and remember it as the endpoint's last deployment configuration."""
        settings = request.get("DeploymentConfig") or {}
        if request.get("RetainDeploymentConfig"):
            settings = settings or document.get("LastDeploymentConfig") or {}
        plan = Plan(settings, _instances(variants))
        rules.check_guardrails(document, config, plan.type)
        plan.check()
        alarms.check(self, settings)
        if settings:
            document["LastDeploymentConfig"] = settings
        return plan

    def _scale(self, document: Document, request: Document) -> None:
        fleet = self.routers[document["EndpointName"]].fleet
        try:
            scaling.carry_out(fleet, document, request["DesiredWeightsAndCapacities"])
            set_status(self, document, "InService")
        except (ContainerFailure, AwsError) as error:
            set_status(self, document, "RollingBack", FailureReason=str(error))
            set_status(self, document, "InService")
        self._serve_backlog(document)

    def _serve_backlog(self, document: Document) -> None:
        """Let the queue of an asynchronous endpoint see that its instances changed."""
        if backlog := self.backlogs.get(document["EndpointName"]):
            backlog.turn()

    def _roll_out(self, document: Document, config: Document, variants: list[Document], plan: Plan) -> None:
        name = document["EndpointName"]
        if config.get("AsyncInferenceConfig") and name not in self.backlogs:
            self.backlogs[name] = Backlog(self, document)
        rollout = self.rollouts[name] = Rollout(self, self.routers, document, config, plan)
        rollout.start(variants, self._serve_backlog)

    def _variants(self, document: Document, config: Document, request: Document) -> list[Document]:
        """Return the variants after an update, with the counts and weights that it is asked to retain."""
        variants = [self._summary(variant) for variant in config["ProductionVariants"]]
        if not request.get("RetainAllVariantProperties"):
            return variants
        excluded = {item["VariantPropertyType"] for item in request.get("ExcludeRetainedVariantProperties", [])}
        kept = {member for member in ("InstanceCount", "Weight") if f"Desired{member}" not in excluded}
        before = {variant["VariantName"]: variant for variant in document.get("ProductionVariants", [])}
        return [variant | _properties(before.get(variant["VariantName"], {}), kept) for variant in variants]

    def _summary(self, variant: Document) -> Document:
        image = self.container_of(variant["ModelName"])["Image"]
        summary: Document = {
            "VariantName": variant["VariantName"],
            "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": clock.time()}],
        }
        for when in ("Current", "Desired"):
            summary[f"{when}Weight"] = variant.get("InitialVariantWeight", 1.0)
            if serverless := variant.get("ServerlessConfig"):
                summary[f"{when}ServerlessConfig"] = serverless
            else:
                summary[f"{when}InstanceCount"] = variant.get("InitialInstanceCount", 1)
        return summary


def _instances(variants: Iterable[Document]) -> int:
    return sum(variant.get("DesiredInstanceCount", 0) for variant in variants)


def _properties(variant: Document, kept: set[str]) -> Document:
    members = {f"{when}{member}" for when in ("Current", "Desired") for member in kept}
    return {name: value for name, value in variant.items() if name in members}


def _refuse_unless_in_service(document: Document) -> None:
    status, arn = document["EndpointStatus"], document["EndpointArn"]
    if status in ("Creating", "Updating", "RollingBack"):
        raise ValidationException(f'Cannot update in-progress endpoint "{arn}".')
    if status != "InService":
        raise ValidationException(f'Cannot update endpoint "{arn}" in status {status}; delete it and create it again.')
