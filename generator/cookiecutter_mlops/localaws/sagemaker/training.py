"""CreateTrainingJob for real: channels from S3, the image's `train` under the container contract, artifacts to S3."""

import re
import threading
import time
from typing import Any

from cookiecutter_mlops.localaws.sagemaker import storage
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ContainerFailure
from cookiecutter_mlops.localaws.sagemaker.jobs import Job

# How often checkpoints go to S3 while the job runs.
CHECKPOINT_SECONDS = 5
# The secondary states that AWS reports, with the messages people see in the console.
_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


class TrainingJob(Job):
    noun = "TrainingJob"

    def __init__(self, backend: Operations, document: dict[str, Any]) -> None:
        specification = document["AlgorithmSpecification"]
        self.metrics: dict[str, tuple[float, float]] = {}
        self.patterns = {m["Name"]: re.compile(m["Regex"]) for m in specification.get("MetricDefinitions", [])}
        super().__init__(backend, document, specification["TrainingImage"])
        output = document["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        self.output = f"{output}/{self.name}/output"

    def run(self) -> None:
        self.secondary("Downloading")
        self._prepare()
        self.secondary("Training", TrainingStartTime=time.time())
        with _Checkpoints(self):
            code = self._train()
        if code and not self.halted:
            self._upload_output()
            raise ContainerFailure(self._reason(code))
        self.secondary("Uploading")
        self._upload_model()
        self._upload_output()
        self._finish()

    def line(self, text: str) -> None:
        super().line(text)
        for name, pattern in self.patterns.items():
            if found := pattern.search(text):
                self.metrics[name] = (float(found.group(1)), time.time())

    def fail(self, reason: str) -> None:
        self.secondary("Failed", TrainingEndTime=time.time(), FailureReason=reason)
        self.status("Failed", **self._times())

    def secondary(self, state: str, **members: Any) -> None:
        """Move to a secondary state, as the transitions of DescribeTrainingJob list it."""
        now, transitions = time.time(), self.document["SecondaryStatusTransitions"]
        if transitions:
            transitions[-1]["EndTime"] = now
        transitions.append({"Status": state, "StartTime": now, "StatusMessage": _MESSAGES[state]})
        self.document.update(members, SecondaryStatus=state)
        if state in ("Downloading", "Training", "Uploading") and not self.halted:
            self.status("InProgress")

    def _prepare(self) -> None:
        document, box = self.document, self.container
        for inside in ("/opt/ml/model", "/opt/ml/output/data", "/opt/ml/input/data"):
            box.folder(inside)
        for channel in document.get("InputDataConfig", []):
            folder = box.folder(f"/opt/ml/input/data/{channel['ChannelName']}")
            storage.download(self.backend.account_id, channel["DataSource"]["S3DataSource"]["S3Uri"], folder)
        box.write("/opt/ml/input/config/hyperparameters.json", document.get("HyperParameters", {}))
        box.write("/opt/ml/input/config/resourceconfig.json", resource_config(document["ResourceConfig"]))
        box.write("/opt/ml/input/config/inputdataconfig.json", _input_config(document.get("InputDataConfig", [])))

    def _train(self) -> int:
        specification, document = self.document["AlgorithmSpecification"], self.document
        entrypoint = specification.get("ContainerEntrypoint")
        arguments = specification.get("ContainerArguments") or ([] if entrypoint else ["train"])
        environment = {"TRAINING_JOB_NAME": self.name, "TRAINING_JOB_ARN": document["TrainingJobArn"]}
        return self.execute(arguments, environment | document.get("Environment", {}), entrypoint)

    def _reason(self, code: int) -> str:
        file = self.container.path("/opt/ml/output/failure")
        said = file.read_text(errors="replace").strip() if file.is_file() else ""
        return f"AlgorithmError: {said[:980]}, exit code: {code if code > 0 else 128 - code}"

    def _upload_model(self) -> None:
        folder = self.container.path("/opt/ml/model")
        if not any(folder.iterdir()):
            return
        uncompressed = self.document["OutputDataConfig"].get("CompressionType") == "NONE"
        address = f"{self.output}/model/" if uncompressed else f"{self.output}/model.tar.gz"
        (storage.upload if uncompressed else storage.upload_archive)(self.backend.account_id, folder, address)
        self.document["ModelArtifacts"] = {"S3ModelArtifacts": address}

    def _upload_output(self) -> None:
        folder = self.container.path("/opt/ml/output/data")
        if any(folder.iterdir()):
            storage.upload_archive(self.backend.account_id, folder, f"{self.output}/output.tar.gz")

    def _finish(self) -> None:
        state = self.halted or "Completed"
        self.secondary(state, TrainingEndTime=time.time())
        self.document["FinalMetricDataList"] = [
            {"MetricName": name, "Value": value, "Timestamp": at} for name, (value, at) in self.metrics.items()
        ]
        self.status("Stopped" if self.halted else "Completed", **self._times())

    def _times(self) -> dict[str, Any]:
        document = self.document
        seconds = max(
            1, round(document["TrainingEndTime"] - document.get("TrainingStartTime", document["CreationTime"]))
        )
        return {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}


class _Checkpoints:
    """Keeps the checkpoint folder and its S3 prefix equal: fetched before training, sent during it and after it."""

    def __init__(self, job: TrainingJob) -> None:
        self.account, self.config = job.backend.account_id, job.document.get("CheckpointConfig") or {}
        self.folder = job.container.path(self.config.get("LocalPath", "/opt/ml/checkpoints"))
        self.done = threading.Event()
        self.sent: dict[str, float] = {}

    def __enter__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.config:
            storage.download(self.account, self.config["S3Uri"].rstrip("/") + "/", self.folder)
            threading.Thread(target=self._follow, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.done.set()
        if self.config:
            self._send()

    def _follow(self) -> None:
        while not self.done.wait(CHECKPOINT_SECONDS):
            self._send()

    def _send(self) -> None:
        for file in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            name, modified = file.relative_to(self.folder).as_posix(), file.stat().st_mtime
            if self.sent.get(name) != modified:
                storage.write(self.account, f"{self.config['S3Uri'].rstrip('/')}/{name}", file.read_bytes())
                self.sent[name] = modified


def resource_config(resources: dict[str, Any]) -> dict[str, Any]:
    """Return /opt/ml/input/config/resourceconfig.json of a job on one instance."""
    kind = resources.get("InstanceType", "ml.m5.large")
    return {
        "current_host": "algo-1",
        "current_instance_type": kind,
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [{"instance_group_name": "homogeneousCluster", "instance_type": kind, "hosts": ["algo-1"]}],
        "network_interface_name": "eth0",
    }


def _input_config(channels: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", "File"),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})
        for channel in channels
    }
