"""Functions that are executed; moto's own class needs Docker for that."""

import base64
import threading
from typing import Any

from moto.awslambda import models as moto_models

from cookiecutter_mlops.localaws.awslambda import executor
from cookiecutter_mlops.localaws.extension import NotEmulated


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
        if kind == "Event":
            threading.Thread(target=self._run_in_background, args=(body or "{}",), daemon=True).start()
        if kind != "RequestResponse":
            return b""
        answer = executor.run(self, body or "{}")
        response_headers["x-amz-executed-version"] = str(self.version)
        response_headers["x-amz-log-result"] = base64.b64encode(answer.log.encode()[-4096:]).decode()
        if answer.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer.payload.encode()

    def _run_in_background(self, event: str) -> None:
        """Run the handler for nobody; an event that fails goes to the dead-letter queue, without AWS's two retries."""
        answer = executor.run(self, event)
        arn = (self.dead_letters or {}).get("TargetArn", "")
        if answer.failed and arn.startswith("arn:aws:sqs:"):
            from moto.sqs.models import sqs_backends

            _, _, _, region, account, queue = arn.split(":")
            sqs_backends[account][region].send_message(queue, event)

    def _refuse_what_cannot_run(self) -> None:
        if self.package_type != "Zip" or not str(self.run_time).startswith("python") or self.layers:
            raise NotEmulated(f"functions other than Python in a zip without layers ({self.function_name})")
