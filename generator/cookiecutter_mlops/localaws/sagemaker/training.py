"""CreateTrainingJob for real: channels from S3, the image's `train` under the container contract, artifacts to S3."""

import contextlib
import re
import time
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws import clock, faults
from cookiecutter_mlops.localaws.sagemaker import channels, storage
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.container import Container
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure
from cookiecutter_mlops.localaws.sagemaker.programs import ProgramJob
from cookiecutter_mlops.localaws.sagemaker.uploads import Continuous

# The secondary states that AWS reports, with the messages people see in the console.
_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Interrupted": "Training job interrupted: the managed spot training instance was reclaimed",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
}


class TrainingJob(ProgramJob):
    """A container that learns from its channels and leaves a model."""

    noun = "TrainingJob"

    def __init__(self, backend: Operations, document: dict[str, Any]) -> None:
        specification = document["AlgorithmSpecification"]
        self.metrics: dict[str, list[tuple[float, float]]] = {}  # values and their moments
        self.patterns = {m["Name"]: re.compile(m["Regex"]) for m in specification.get("MetricDefinitions", [])}
        super().__init__(backend, document, specification["TrainingImage"])
        output = document["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        self.output = f"{output}/{self.name}/output"
        self.interrupted = False
        self.seconds = 0.0  # of this machine, that its instances ran

    def run(self) -> None:
        code = self._attempt()
        while self.interrupted and not self.halted:
            self.secondary("Interrupted")
            self.secondary("Starting")
            self.renew()  # a new instance has nothing of the old one's disk
            code = self._attempt()
        if code and not self.halted:
            self._upload_output()
            raise ContainerFailure(self._reason(code))
        self.secondary("Uploading")
        self._upload_model()
        self._upload_output()
        self._finish()

    def line(self, text: str, host: str = "algo-1") -> None:
        super().line(text, host)
        for name, pattern in self.patterns.items():
            if found := pattern.search(text):
                self.metrics.setdefault(name, []).append((float(found.group(1)), clock.time()))

    def fail(self, reason: str) -> None:
        self.secondary("Failed", TrainingEndTime=clock.time(), FailureReason=reason)
        self.status("Failed", **self._times())

    def secondary(self, state: str, **members: Any) -> None:
        """Move to a secondary state, as the transitions of DescribeTrainingJob list it."""
        now, transitions = clock.time(), self.document["SecondaryStatusTransitions"]
        if transitions:
            transitions[-1]["EndTime"] = now
        transitions.append({"Status": state, "StartTime": now, "StatusMessage": _MESSAGES[state]})
        self.document.update(members, SecondaryStatus=state)
        if state not in ("Completed", "Failed") and not self.halted:
            self.status("InProgress")

    def _attempt(self) -> int:
        """Train on new instances, from the newest checkpoints; return the exit code."""
        self.interrupted, started = False, time.monotonic()
        self.secondary("Downloading")
        channels.prepare(self.backend.account_id, self.cluster, self.document)
        self.secondary("Training", TrainingStartTime=self.document.get("TrainingStartTime") or clock.time())
        with contextlib.ExitStack() as checkpoints:
            for box in self.cluster.containers:
                checkpoints.enter_context(self._checkpoints(box))
            code = self._train()
        self.seconds += time.monotonic() - started
        return code

    def _checkpoints(self, box: Container) -> Continuous:
        """Fetch the checkpoints of earlier instances and jobs; the new ones go to the same prefix, as they appear."""
        account, config = self.backend.account_id, self.document.get("CheckpointConfig") or {}
        folder = box.folder(config.get("LocalPath", "/opt/ml/checkpoints"))
        if config:
            storage.download(account, f"{config['S3Uri'].rstrip('/')}/", folder)
        return Continuous(account, folder, config.get("S3Uri", ""))

    def _train(self) -> int:
        specification, document = self.document["AlgorithmSpecification"], self.document
        entrypoint = specification.get("ContainerEntrypoint")
        arguments = specification.get("ContainerArguments") or ([] if entrypoint else ["train"])
        environment = {"TRAINING_JOB_NAME": self.name, "TRAINING_JOB_ARN": document["TrainingJobArn"]}
        environment |= document.get("Environment", {})
        spot = document.get("EnableManagedSpotTraining")
        exposed = faults.exposed("spot-interruption", self.name, self._interrupt) if spot else contextlib.nullcontext()
        with exposed:
            return self.execute(arguments, environment, entrypoint)

    def _interrupt(self) -> None:
        self.interrupted = True
        self.end_process()

    def _reason(self, code: int) -> str:
        file = self.cluster.containers[self.cluster.failed].path("/opt/ml/output/failure")
        said = file.read_text(errors="replace").strip() if file.is_file() else ""
        return f"AlgorithmError: {said[:980]}, exit code: {code if code > 0 else 128 - code}"

    def _upload_model(self) -> None:
        """Send what all hosts left in /opt/ml/model, as one object; files of the same name are the first host's."""
        folders = self._filled("/opt/ml/model")
        if not folders:
            return
        uncompressed = self.document["OutputDataConfig"].get("CompressionType") == "NONE"
        address = f"{self.output}/model/" if uncompressed else f"{self.output}/model.tar.gz"
        if uncompressed:
            for folder in reversed(folders):
                storage.upload(self.backend.account_id, folder, address)
        else:
            self._upload_archive(folders, address)
        self.document["ModelArtifacts"] = {"S3ModelArtifacts": address}

    def _upload_output(self) -> None:
        if folders := self._filled("/opt/ml/output/data"):
            self._upload_archive(folders, f"{self.output}/output.tar.gz")

    def _upload_archive(self, folders: list[Path], address: str) -> None:
        for name in storage.upload_archive(self.backend.account_id, folders, address):
            self.line(f"Several hosts wrote {name}: that of the first one is kept; on AWS it may be any.")

    def _filled(self, inside: str) -> list[Path]:
        """Return a folder of all containers, without those where it is empty."""
        folders = [box.path(inside) for box in self.cluster.containers]
        return [folder for folder in folders if folder.is_dir() and any(folder.iterdir())]

    def _finish(self) -> None:
        state = self.halted or "Completed"
        self.secondary(state, TrainingEndTime=clock.time())
        self.document["FinalMetricDataList"] = [
            {"MetricName": name, "Value": values[-1][0], "Timestamp": values[-1][1]}
            for name, values in self.metrics.items()
        ]
        self.status("Stopped" if self.halted else "Completed", **self._times())

    def _times(self) -> dict[str, Any]:
        """Return the seconds that the instances ran; interruptions are not counted, and no spot discount is."""
        seconds = max(1, round(self.seconds))
        return {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
