"""InvokeEndpoint, InvokeEndpointWithResponseStream and InvokeEndpointAsync."""

import http.client
import json
import time
import uuid
from typing import Any

from moto.core.responses import BaseResponse
from moto.sagemaker.models import sagemaker_backends

from cookiecutter_mlops.localaws.sagemaker import metrics
from cookiecutter_mlops.localaws.sagemaker.kinds import ENDPOINT
from cookiecutter_mlops.localaws.sagemaker.routing import Router
from cookiecutter_mlops.localaws.sagemaker.servers import INVOCATION_SECONDS, Server
from cookiecutter_mlops.localaws.sagemaker.serving import Fleet
from cookiecutter_mlops.localaws.sagemakerruntime import asynchronous, capture, streaming
from cookiecutter_mlops.localaws.sagemakerruntime.exceptions import Answer, error, model_error, validation_error

MAX_BODY_BYTES = 6 * 1024 * 1024
# What AWS passes on to the container, besides the body.
_FORWARDED = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes", "X-Amzn-SageMaker-Inference-Id")


class SageMakerRuntimeResponse(BaseResponse):
    use_raw_body = True

    def __init__(self) -> None:
        super().__init__(service_name="sagemaker-runtime")
        self.automated_parameter_parsing = False
        self._received = time.perf_counter()

    def invoke_endpoint(self) -> Answer:
        document, router = self._endpoint()
        if not router:
            return self._not_found()
        if document.get("AsyncInferenceConfig"):
            return validation_error(f"Endpoint {self._name()} is asynchronous: call InvokeEndpointAsync.")
        if len(self.raw_body) > MAX_BODY_BYTES:
            return error(413, "ValidationError", f"Request body must be at most {MAX_BODY_BYTES} bytes.")
        fleet, server = router.choose(_weights(document), self.headers.get("X-Amzn-SageMaker-Target-Variant"))
        if server is None:
            return validation_error(f"Variant not found for endpoint {self._name()}.")
        try:
            status, headers, body = self._ask(server)
        except (OSError, http.client.HTTPException) as failure:
            if (now := self._endpoint()[1]) and not now.serves(fleet):  # it was retired between choosing and asking
                return self.invoke_endpoint()
            return model_error(500, f"The container did not answer: {failure}".encode(), self._log_group())
        if not 200 <= status < 300:
            return model_error(status, body, self._log_group())
        answer = _answer_headers(headers, server.name)
        self._capture(fleet, server.name, (answer["Content-Type"], body))
        return 200, answer, body

    def invoke_endpoint_with_response_stream(self) -> Answer:
        status, headers, body = self.invoke_endpoint()
        if status != 200:
            return status, headers, body
        headers |= {"X-Amzn-SageMaker-Content-Type": headers["Content-Type"], "Content-Type": streaming.CONTENT_TYPE}
        return status, headers, streaming.messages(body)

    def _ask(self, server: Server) -> tuple[int, dict[str, str], bytes]:
        """Send the request to the container, and report it to CloudWatch; one that does not answer counts as 5XX."""
        started, status = time.perf_counter(), 500
        try:
            answer = server.request("POST", "/invocations", self.raw_body, self._forwarded(), INVOCATION_SECONDS)
            status = answer[0]
            return answer
        finally:
            ended = time.perf_counter()
            place = (self._name(), server.name)
            metrics.invocation(self._backend(), *place, status, ended - started, started - self._received)

    def invoke_endpoint_async(self) -> Answer:
        document, router = self._endpoint()
        if not router:
            return self._not_found()
        config = document.get("AsyncInferenceConfig")
        if not config:
            return validation_error(f"Endpoint {self._name()} is not asynchronous: call InvokeEndpoint.")
        inference_id = self.headers.get("X-Amzn-SageMaker-Inference-Id") or str(uuid.uuid4())
        request = asynchronous.Request(
            self._backend(),
            self._name(),
            config,
            self.headers["X-Amzn-SageMaker-InputLocation"],
            inference_id,
            self._forwarded(),
        )
        self._backend().backlogs[self._name()].put(request.carry_out)
        headers = {"status": 202, "Content-Type": "application/json"}
        headers["X-Amzn-SageMaker-OutputLocation"] = request.output
        headers |= {"X-Amzn-SageMaker-FailureLocation": request.failure} if request.failure else {}
        return 202, headers, json.dumps({"InferenceId": inference_id}).encode()

    def _capture(self, fleet: Fleet, variant: str, answer: capture.Message) -> None:
        if not fleet.capture:
            return
        request = (self.headers.get("Content-Type", ""), self.raw_body)
        metadata: dict[str, Any] = {}
        if attributes := self.headers.get("X-Amzn-SageMaker-Custom-Attributes"):
            metadata["customAttributes"] = [attributes]
        if inference_id := self.headers.get("X-Amzn-SageMaker-Inference-Id"):
            metadata["inferenceId"] = inference_id
        place = f"{self._name()}/{variant}"
        capture.record(self.current_account, fleet, place, metadata, request, answer)

    def _backend(self) -> Any:
        return sagemaker_backends[self.current_account][self.region]

    def _name(self) -> str:
        return self.path.split("/")[2]

    def _endpoint(self) -> tuple[dict[str, Any], Router | None]:
        """Return the endpoint's document and its traffic; an endpoint that never came up has none."""
        backend = self._backend()
        document = backend.documents.of(ENDPOINT).get((self._name(),), {})
        return document, backend.routers.get(self._name())

    def _not_found(self) -> Answer:
        return validation_error(f"Endpoint {self._name()} of account {self.current_account} not found.")

    def _log_group(self) -> str:
        return f"arn:aws:logs:{self.region}:{self.current_account}:log-group:/aws/sagemaker/Endpoints/{self._name()}"

    def _forwarded(self) -> dict[str, str]:
        own = {"async": ("Content-Type", "Accept"), "response-stream": ("Accept",)}  # what has a name of SageMaker's
        renamed = next((names for word, names in own.items() if word in self.path), ())
        names = {f"X-Amzn-SageMaker-{name}": name for name in renamed}
        names |= {name: name for name in _FORWARDED if name not in names.values()}
        return {target: self.headers[name] for name, target in names.items() if name in self.headers}


def _weights(document: dict[str, Any]) -> dict[str, float]:
    return {variant["VariantName"]: variant["CurrentWeight"] for variant in document.get("ProductionVariants", [])}


def _answer_headers(headers: dict[str, str], variant: str) -> dict[str, Any]:
    given = {name.lower(): value for name, value in headers.items()}
    answer = {"Content-Type": given.get("content-type", "application/octet-stream")}
    answer["x-Amzn-Invoked-Production-Variant"] = variant
    if attributes := given.get("x-amzn-sagemaker-custom-attributes"):
        answer["X-Amzn-SageMaker-Custom-Attributes"] = attributes
    return answer
