"""One change of what an endpoint runs: new servers come up, get the traffic and replace the old ones, or are undone."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from cookiecutter_mlops.localaws import clock, faults
from cookiecutter_mlops.localaws.crud import Document
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.deployment import Deployment, Plan
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure, RolledBack
from cookiecutter_mlops.localaws.sagemaker.routing import Router
from cookiecutter_mlops.localaws.sagemaker.serving import Fleet

_NO_CAPACITY = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. Please retry using a "
    "different ML instance type or after some time."
)

log = logging.getLogger(__name__)


class Rollout:
    """Brings an endpoint configuration up behind an endpoint; `routers` holds the traffic of every endpoint."""

    def __init__(
        self, backend: Operations, routers: dict[str, Router], document: Document, config: Document, plan: Plan
    ) -> None:
        self.backend, self.routers, self.document, self.config, self.plan = backend, routers, document, config, plan
        self.name = document["EndpointName"]
        self.fleet = Fleet(backend, self.name, config)
        self.deployment = Deployment(backend, plan, self._tell)

    def start(self, variants: list[Document], ready: Callable[[Document], object]) -> None:
        """Begin in a thread of its own; `ready` is called with the endpoint once it is in service."""
        threading.Thread(target=self._carry_out, args=(variants, ready), name=self.name, daemon=True).start()

    def cancel(self) -> None:
        self.deployment.cancelled.set()

    def _carry_out(self, variants: list[Document], ready: Callable[[Document], object]) -> None:
        """Start the new servers and switch to them when all are healthy and no alarm fires; else keep what is there."""
        router = self.routers.get(self.name)
        try:
            self._tell("Creating", f"Launching {self.plan.total} instance(s).")
            if faults.take("capacity", self.name, *self.fleet.instance_types):
                raise ContainerFailure(_NO_CAPACITY)
            self.fleet.start()
            if router:
                self.deployment.carry_out(router, self.fleet)
        except Exception as error:
            known = isinstance(error, ContainerFailure | RolledBack | AwsError)
            if not known:
                log.exception("endpoint %s", self.name)
            self._undo(router, str(error) if known else f"InternalServerError: {type(error).__name__}: {error}")
        else:
            self._switch(router, variants)
            ready(self.document)

    def _switch(self, router: Router | None, variants: list[Document]) -> None:
        before = router.commit(self.fleet) if router else None
        self.routers[self.name] = router or Router(self.fleet)
        if self.document["EndpointStatus"] == "Deleting":  # while the servers started
            self.routers.pop(self.name).stop()
            return
        self.document.update(
            EndpointConfigName=self.config["EndpointConfigName"],
            ProductionVariants=variants,
            AsyncInferenceConfig=self.config.get("AsyncInferenceConfig"),
            DataCaptureConfig=_capture_summary(self.fleet.capture),
        )
        set_status(self.backend, self.document, "InService")
        if before:
            before.retire()

    def _undo(self, router: Router | None, reason: str) -> None:
        """A failed creation is Failed; after a failed update the old configuration serves, as AWS rolls back."""
        if router:
            router.commit(router.fleet)
            self.fleet.retire()
        else:
            self.fleet.stop()
        if self.document["EndpointStatus"] == "Deleting":
            return
        if not router:
            set_status(self.backend, self.document, "Failed", FailureReason=reason)
            return
        set_status(self.backend, self.document, "RollingBack", FailureReason=reason)
        set_status(self.backend, self.document, "InService")

    def _tell(self, status: str, message: str) -> None:
        """Show how far an update is, in PendingDeploymentSummary and as an event."""
        summary = self.document.get("PendingDeploymentSummary")
        if summary and "ProductionVariants" in summary:
            for variant in summary["ProductionVariants"]:
                variant["VariantStatus"] = [{"Status": status, "StatusMessage": message, "StartTime": clock.time()}]
            self.backend.emit("Endpoint", self.document, "SageMaker Endpoint Deployment State Change")


def set_status(backend: Operations, document: Document, status: str, **members: Any) -> None:
    """Move an endpoint to a status and tell EventBridge."""
    if status not in ("Updating", "RollingBack"):
        document.pop("PendingDeploymentSummary", None)
    document.update(members, EndpointStatus=status, LastModifiedTime=clock.time())
    backend.emit("Endpoint", document)


def _capture_summary(config: Document) -> Document:
    """Return a capture configuration as DescribeEndpoint has it."""
    status = {"CaptureStatus": "Started" if config.get("EnableCapture") else "Stopped"}
    return config | status | {"CurrentSamplingPercentage": config["InitialSamplingPercentage"]} if config else {}
