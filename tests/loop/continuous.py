"""A project whose trainings start by themselves, and what a test asks of its gatekeeper and its pipelines."""

import hashlib
import json
import time
from functools import cached_property

import pandas

from cookiecutter_mlops import watch
from cookiecutter_mlops.loop import LoopProject

TABLE = "salary-prediction-retrain"


class Continuous(LoopProject):
    """A project whose trainings start by themselves."""

    def set(self, **retraining: object) -> None:
        """Change how it retrains, and apply, where it is not so already."""
        file = self.path / "terraform" / "terraform.auto.tfvars.json"
        settings = json.loads(file.read_text())
        wanted = settings["retraining"] | retraining
        if wanted != settings["retraining"]:
            file.write_text(json.dumps(settings | {"retraining": wanted}, indent=2) + "\n")
            self.mlops("apply")

    @cached_property
    def s3(self):
        return self.client("s3")

    def put(self, key: str, table: pandas.DataFrame) -> str:
        """Upload rows under raw/ and return their sum."""
        body = table.to_csv(index=False).encode()
        self.s3.put_object(Bucket=self.outputs["data_bucket"], Key=f"raw/{key}", Body=body)
        return hashlib.sha256(body).hexdigest()

    def trainings(self) -> list[str]:
        """Return the executions of the train pipeline, oldest first."""
        found = watch.executions(self.client("codepipeline"), self.outputs["train_pipeline"])
        return [execution["pipelineExecutionId"] for execution in reversed(found)]

    def next_training(self, known: list[str], step: str = "") -> str:
        """Wait for the first training that is not known; move the clock by `step` while it does not start."""
        deadline = time.monotonic() + 300
        while not (new := [execution for execution in self.trainings() if execution not in known]):
            assert time.monotonic() < deadline, self.decisions()
            if step:
                self.mlops("local", "clock", "--advance", step)
            time.sleep(2)
        return new[0]

    def end_of(self, execution: str) -> str:
        return watch.follow(self.client("codepipeline"), self.outputs["train_pipeline"], execution)

    def reason(self, execution: str) -> str:
        name = self.outputs["train_pipeline"]
        get = self.client("codepipeline").get_pipeline_execution
        described = get(pipelineName=name, pipelineExecutionId=execution)["pipelineExecution"]
        return next(v["resolvedValue"] for v in described["variables"] if v["name"] == "REASON")

    def jobs(self) -> list[str]:
        found = self.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
        return [job["TrainingJobName"] for job in found]

    def gatekeeper(self) -> dict:
        answer = self.client("lambda").invoke(FunctionName=TABLE, Payload='{"action": "status"}')
        return json.loads(answer["Payload"].read())

    def idle(self) -> dict:
        """Wait until nothing holds the lock any more: the pipeline's end is told by an event."""
        deadline = time.monotonic() + 300
        while (state := self.gatekeeper())["runs"] and time.monotonic() < deadline:
            time.sleep(0.5)
        return state

    def decisions(self) -> list[dict]:
        """Return the gatekeeper's decisions from its log."""
        events = self.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{TABLE}")["events"]
        lines = [event["message"] for event in events if event["message"].startswith("{")]
        return [json.loads(line) for line in lines]


def released(project: Continuous) -> str:
    """Approve the release that waits for a person after staging, and return how it ended."""
    codepipeline, name = project.client("codepipeline"), project.outputs["release_pipeline"]
    deadline = time.monotonic() + 300
    while not waiting(codepipeline, name):
        assert time.monotonic() < deadline, project.logs()
        time.sleep(0.5)
    execution = waiting(codepipeline, name)[0]
    project.mlops("approve")
    return watch.follow(codepipeline, name, execution)


def waiting(codepipeline, name: str) -> list[str]:
    running = [e["pipelineExecutionId"] for e in watch.executions(codepipeline, name) if e["status"] == "InProgress"]
    return [e for e in running if any(a.stage == "Approve" for a in watch.actions(codepipeline, name, e))]


def backlog(project: Continuous, queue: str = TABLE) -> int:
    """Return how many messages a queue holds, also those that are being handled."""
    sqs = project.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(value) for value in found.values())
