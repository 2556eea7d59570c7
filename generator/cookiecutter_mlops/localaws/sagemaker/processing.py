"""CreateProcessingJob for real: inputs from S3, the container's program, outputs back to S3."""

import contextlib
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.sagemaker import channels, storage
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure
from cookiecutter_mlops.localaws.sagemaker.jobs import Job
from cookiecutter_mlops.localaws.sagemaker.uploads import Continuous


class ProcessingJob(Job):
    noun = "ProcessingJob"

    def __init__(self, backend: Operations, document: dict[str, Any]) -> None:
        super().__init__(backend, document, document["AppSpecification"]["ImageUri"])
        self.outputs = (document.get("ProcessingOutputConfig") or {}).get("Outputs", [])

    def run(self) -> None:
        self._prepare()
        self.status("InProgress", ProcessingStartTime=clock.time())
        app, environment = self.document["AppSpecification"], self.document.get("Environment", {})
        environment = {"PROCESSING_JOB_NAME": self.name} | environment
        with contextlib.ExitStack() as continuous:
            for folder, address in self._places("Continuous"):
                continuous.enter_context(Continuous(self.backend.account_id, folder, address))
            code = self.execute(app.get("ContainerArguments", []), environment, app.get("ContainerEntrypoint"))
        message = self.container.path("/opt/ml/output/message")
        if message.is_file():
            self.document["ExitMessage"] = message.read_text(errors="replace")[:1024]
        if code and not self.halted:
            raise ContainerFailure(f"AlgorithmError: See job logs for more information, exit code: {code}")
        for folder, address in self._places("EndOfJob"):
            storage.upload(self.backend.account_id, folder, address)
        self.status("Stopped" if self.halted else "Completed", ProcessingEndTime=clock.time())

    def fail(self, reason: str) -> None:
        self.status("Failed", ProcessingEndTime=clock.time(), FailureReason=reason)

    def _prepare(self) -> None:
        box = self.container
        for item in self.document.get("ProcessingInputs", []):
            source = item["S3Input"]
            folder = box.folder(source["LocalPath"])
            if not storage.download_input(self.backend.account_id, source["S3Uri"], source["S3DataType"], folder):
                raise ContainerFailure(f'ClientError: No S3 objects found under S3 URL "{source["S3Uri"]}".')
        for item in self.outputs:
            box.folder(item["S3Output"]["LocalPath"])
        box.folder("/opt/ml/output")
        box.write("/opt/ml/config/processingjobconfig.json", self._config())
        cluster = self.document["ProcessingResources"]["ClusterConfig"]
        box.write("/opt/ml/config/resourceconfig.json", channels.resource_config(cluster))

    def _config(self) -> dict[str, Any]:
        return {name: value for name, value in self.document.items() if not name.endswith(("Time", "Status"))}

    def _places(self, mode: str) -> list[tuple[Path, str]]:
        """Return folder and S3 address of the outputs that are uploaded in this mode."""
        outputs = [item["S3Output"] for item in self.outputs]
        return [
            (self.container.path(output["LocalPath"]), output["S3Uri"])
            for output in outputs
            if output["S3UploadMode"] == mode
        ]
