"""Functions that are executed; moto's own class needs Docker for that."""

import base64
from typing import Any

from moto.awslambda import models as moto_models
from moto.core.exceptions import JsonRESTError

from cookiecutter_mlops.localaws.awslambda import asynchronous, concurrency, executor
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated

_LIMITS = {"RequestResponse": 6 * 1024**2, "Event": 1024**2}  # bytes of a payload


class PayloadTooLarge(JsonRESTError):
    """What Lambda's front door says; its API model does not know this error."""

    code = 413

    def __init__(self, message: str) -> None:
        super().__init__("RequestEntityTooLargeException", message)


class LambdaFunction(moto_models.LambdaFunction):
    """One function or version of one."""

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        self.logging_config, self.dead_letters = spec.get("LoggingConfig"), spec.get("DeadLetterConfig")
        super().__init__(account_id, spec, region, version)

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        default = {"LogFormat": "Text", "LogGroup": self.logs_group_name}
        configuration = super().get_configuration(on_create)
        configuration["LoggingConfig"] = default | (self.logging_config or {})
        return configuration | ({"DeadLetterConfig": self.dead_letters} if self.dead_letters else {})

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        self.logging_config = config_updates.get("LoggingConfig", self.logging_config)
        self.dead_letters = config_updates.get("DeadLetterConfig", self.dead_letters)
        self.tracing_config = config_updates.get("TracingConfig", self.tracing_config)
        self.kms_key_arn = config_updates.get("KMSKeyArn", self.kms_key_arn)
        self.ephemeral_storage = config_updates.get("EphemeralStorage", {}).get("Size", self.ephemeral_storage)
        return super().update_configuration(config_updates)

    def invoke(self, body: str, request_headers: Any, response_headers: Any) -> bytes:
        """Run the handler: at once, in the background (Event), or not at all (DryRun)."""
        self._refuse_what_cannot_run()
        kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
        _refuse_too_large(body, kind)
        if kind == "Event":
            asynchronous.enqueue(self, body or "{}")
        if kind != "RequestResponse":
            return b""
        with concurrency.slot(self):
            answer = executor.run(self, body or "{}")
        response_headers["x-amz-executed-version"] = str(self.version)
        response_headers["x-amz-log-result"] = base64.b64encode(answer.log.encode()[-4096:]).decode()
        if answer.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer.payload.encode()

    def _refuse_what_cannot_run(self) -> None:
        if self.package_type != "Zip" or not str(self.run_time).startswith("python") or self.layers:
            raise NotEmulated(f"functions other than Python in a zip without layers ({self.function_name})")


class LambdaBackend(moto_models.LambdaBackend):
    """moto's functions, with event source mappings and destinations that act."""

    def put_function_event_invoke_config(self, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
        """Replace the settings of asynchronous invocations; moto keeps answering the first ones."""
        self.get_function(function_name).event_invoke_config = []
        return super().put_function_event_invoke_config(function_name, config)

    def update_event_source_mapping(self, uuid: str, spec: dict[str, Any]) -> moto_models.EventSourceMapping | None:
        mapping: Any = self.get_event_source_mapping(uuid)
        before = dict(vars(mapping)) if mapping else {}
        updated = super().update_event_source_mapping(uuid, spec)
        try:
            if mapping:
                mapping.refuse_what_aws_refuses()
        except AwsError:
            vars(mapping).update(before)
            raise
        return updated


def _refuse_too_large(body: str | bytes | None, kind: str) -> None:
    size = len(body.encode() if isinstance(body, str) else body or b"")
    if size > _LIMITS.get(kind, size):
        raise PayloadTooLarge(
            f"{size} byte payload is too large for the {kind} invocation type (limit {_LIMITS[kind]} bytes)"
        )
