"""CreateProcessingJob for real: inputs from S3, the container's program, outputs back to S3."""

import contextlib
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.sagemaker import channels, storage
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.cluster import Instance
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure
from cookiecutter_mlops.localaws.sagemaker.programs import ProgramJob
from cookiecutter_mlops.localaws.sagemaker.uploads import Continuous


class ProcessingJob(ProgramJob):
    """A container that reads its inputs from folders and leaves its outputs in others."""

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
        message = self.cluster.containers[self.cluster.failed].path("/opt/ml/output/message")
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
        for instance in self.cluster.instances:
            box = instance.container
            for item in self.document.get("ProcessingInputs", []):
                self._fetch(instance, item["S3Input"])
            for item in self.outputs:
                box.folder(item["S3Output"]["LocalPath"])
            box.folder("/opt/ml/output")
            box.write("/opt/ml/config/processingjobconfig.json", self._config())
            box.write("/opt/ml/config/resourceconfig.json", self.cluster.resource_config(instance))

    def _fetch(self, instance: Instance, source: dict[str, Any]) -> None:
        folder, account = instance.container.folder(source["LocalPath"]), self.backend.account_id
        part = channels.share(self.cluster, instance, source.get("S3DataDistributionType"))
        if not storage.download_input(account, source["S3Uri"], source["S3DataType"], folder, part):
            raise ContainerFailure(f'ClientError: No S3 objects found under S3 URL "{source["S3Uri"]}".')

    def _config(self) -> dict[str, Any]:
        return {name: value for name, value in self.document.items() if not name.endswith(("Time", "Status"))}

    def _places(self, mode: str) -> list[tuple[Path, str]]:
        """Return folder and S3 address of the outputs that are uploaded in this mode."""
        outputs = [item["S3Output"] for item in self.outputs]
        return [
            (box.path(output["LocalPath"]), output["S3Uri"])
            for box in self.cluster.containers
            for output in outputs
            if output["S3UploadMode"] == mode
        ]
