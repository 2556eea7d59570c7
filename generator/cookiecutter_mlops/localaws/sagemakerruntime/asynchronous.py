"""One asynchronous invocation: input read from S3, sent to the container, output or failure written to S3."""

import json
import logging
import time
import uuid
from typing import Any

from cookiecutter_mlops.localaws.iam import acting
from cookiecutter_mlops.localaws.sagemaker import metrics, storage
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure
from cookiecutter_mlops.localaws.sagemaker.routing import Router
from cookiecutter_mlops.localaws.sagemaker.servers import ASYNC_INVOCATION_SECONDS

log = logging.getLogger(__name__)


class Request:
    """An accepted request; `output` and `failure` are where its result will be."""

    def __init__(
        self,
        backend: Any,
        endpoint: str,
        config: dict[str, Any],
        source: str,
        inference_id: str,
        headers: dict[str, str],
    ) -> None:
        self.backend, self.endpoint, self.config, self.source = backend, endpoint, config, source
        self.inference_id, self.headers, name = inference_id, headers, uuid.uuid4()
        self.output = f"{config['OutputConfig']['S3OutputPath'].rstrip('/')}/{name}.out"
        failures = config["OutputConfig"].get("S3FailurePath")
        self.failure = f"{failures.rstrip('/')}/{name}-error.out" if failures else None

    def carry_out(self) -> None:
        """Ask the container, report to CloudWatch, and deliver what it answered."""
        router = self.backend.routers[self.endpoint]
        with router.fleet.acting():
            self._carry_out(router)

    def _carry_out(self, router: Router) -> None:
        started, variant = time.perf_counter(), ""
        try:
            content = storage.read(self.backend.account_id, self.source)
            _, server = router.choose({})
            if server is None:
                raise ContainerFailure("the endpoint has no instance")
            variant = server.name
            status, _, body = server.request(
                "POST", "/invocations", content, self.headers, timeout=ASYNC_INVOCATION_SECONDS
            )
        except Exception as error:  # whatever it is, the caller finds it where failures go
            log.exception("asynchronous invocation of %s", self.endpoint)
            status, body = 500, str(error).encode()
        if variant:
            metrics.invocation(self.backend, self.endpoint, variant, status, time.perf_counter() - started, 0)
        self._deliver(200 <= status < 300, status, body)

    def _deliver(self, succeeded: bool, status: int, body: bytes) -> None:
        location = self.output if succeeded else self.failure
        if location:
            storage.write(self.backend.account_id, location, body)
        topics = self.config["OutputConfig"].get("NotificationConfig") or {}
        if topic := topics.get("SuccessTopic" if succeeded else "ErrorTopic"):
            self._notify(topic, succeeded, status, body)

    def _notify(self, topic: str, succeeded: bool, status: int, body: bytes) -> None:
        from moto.sns.models import sns_backends

        message: dict[str, Any] = {
            "awsRegion": self.backend.region_name,
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
            "invocationStatus": "Completed" if succeeded else "Failed",
            "requestParameters": {"inputLocation": self.source},
            "inferenceId": self.inference_id,
        }
        if succeeded:
            message["responseParameters"] = {"outputLocation": self.output}
        else:
            reason = f"Received error ({status}) from model: {body.decode(errors='replace')}"
            message |= {"failureReason": reason, "responseParameters": {"failureLocation": self.failure}}
        acting.check_topic(topic)
        sns_backends[self.backend.account_id][self.backend.region_name].publish(json.dumps(message), topic)
