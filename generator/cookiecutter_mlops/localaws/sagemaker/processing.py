"""CreateProcessingJob for real: inputs from S3, the container's program, outputs back to S3."""

import time
from typing import Any

from cookiecutter_mlops.localaws.sagemaker import storage
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure
from cookiecutter_mlops.localaws.sagemaker.jobs import Job
from cookiecutter_mlops.localaws.sagemaker.training import resource_config


class ProcessingJob(Job):
    noun = "ProcessingJob"

    def __init__(self, backend: Operations, document: dict[str, Any]) -> None:
        super().__init__(backend, document, document["AppSpecification"]["ImageUri"])
        self.outputs = (document.get("ProcessingOutputConfig") or {}).get("Outputs", [])

    def run(self) -> None:
        self._prepare()
        self.status("InProgress", ProcessingStartTime=time.time())
        app, environment = self.document["AppSpecification"], self.document.get("Environment", {})
        environment = {"PROCESSING_JOB_NAME": self.name} | environment
        code = self.execute(app.get("ContainerArguments", []), environment, app.get("ContainerEntrypoint"))
        message = self.container.path("/opt/ml/output/message")
        if message.is_file():
            self.document["ExitMessage"] = message.read_text(errors="replace")[:1024]
        if code and not self.halted:
            raise ContainerFailure(f"AlgorithmError: See job logs for more information, exit code: {code}")
        self._upload()
        self.status("Stopped" if self.halted else "Completed", ProcessingEndTime=time.time())

    def fail(self, reason: str) -> None:
        self.status("Failed", ProcessingEndTime=time.time(), FailureReason=reason)

    def _prepare(self) -> None:
        box = self.container
        for item in self.document.get("ProcessingInputs", []):
            source = item["S3Input"]
            if not storage.download(self.backend.account_id, source["S3Uri"], box.folder(source["LocalPath"])):
                raise ContainerFailure(f'ClientError: No S3 objects found under S3 URL "{source["S3Uri"]}".')
        for item in self.outputs:
            box.folder(item["S3Output"]["LocalPath"])
        box.folder("/opt/ml/output")
        box.write("/opt/ml/config/processingjobconfig.json", self._config())
        cluster = self.document["ProcessingResources"]["ClusterConfig"]
        box.write("/opt/ml/config/resourceconfig.json", resource_config(cluster))

    def _config(self) -> dict[str, Any]:
        return {name: value for name, value in self.document.items() if not name.endswith(("Time", "Status"))}

    def _upload(self) -> None:
        for item in self.outputs:
            output = item["S3Output"]
            storage.upload(self.backend.account_id, self.container.path(output["LocalPath"]), output["S3Uri"])
