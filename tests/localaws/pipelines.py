"""Pipelines for these tests: their declarations, and a pipeline as its user follows it."""

from typing import Any

from cookiecutter_mlops import watch
from tests.localaws.conftest import ACCOUNT, REGION, Aws, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipeline"


def action(category: str, provider: str, name: str, configuration: dict[str, str], **more: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, "configuration": configuration, **more}


def commits(repository: str, **settings: str) -> dict[str, Any]:
    """A stage whose source is the branch main; it does not poll unless told to."""
    settings = {"RepositoryName": repository, "BranchName": "main", "PollForSourceChanges": "false"} | settings
    output = [{"name": "code"}]
    source = action("Source", "CodeCommit", "Source", settings, namespace="Source", outputArtifacts=output)
    return {"name": "Source", "actions": [source]}


def approval(name: str = "Approve", message: str = "please", **more: Any) -> dict[str, Any]:
    """A stage in which a person decides."""
    return {"name": name, "actions": [action("Approval", "Manual", name, {"CustomData": message})], **more}


def build(name: str, project: str, namespace: str = "", **environment: str) -> dict[str, Any]:
    """A stage that builds the source."""
    variables = ",".join(f'{{"name":"{key}","value":"{value}"}}' for key, value in environment.items())
    settings = {"ProjectName": project, "EnvironmentVariables": f"[{variables}]"}
    more = {"namespace": namespace} if namespace else {}
    return {
        "name": name,
        "actions": [action("Build", "CodeBuild", name, settings, inputArtifacts=[{"name": "code"}], **more)],
    }


def declaration(name: str, *stages: dict[str, Any], **more: Any) -> dict[str, Any]:
    store = {"type": "S3", "location": f"{name}-artifacts"}
    return {
        "name": name,
        "roleArn": ROLE,
        "pipelineType": "V2",
        "executionMode": "QUEUED",
        "artifactStore": store,
        "stages": list(stages),
        **more,
    }


class Pipeline:
    """A pipeline in the embedded AWS, with a bucket for its artifacts."""

    def __init__(self, aws: Aws, declared: dict[str, Any], **more: Any) -> None:
        self.client, self.name = aws.client("codepipeline"), declared["name"]
        self.arn = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{self.name}"
        place = {"LocationConstraint": REGION}
        aws.client("s3").create_bucket(Bucket=f"{self.name}-artifacts", CreateBucketConfiguration=place)
        self.client.create_pipeline(pipeline=declared, **more)

    def executions(self) -> list[str]:
        """Return the executions' ids, newest first."""
        return [execution["pipelineExecutionId"] for execution in watch.executions(self.client, self.name)]

    def first(self) -> str:
        """Return the execution that the pipeline's creation started."""
        return self.executions()[-1]

    def start(self, **more: Any) -> str:
        return self.client.start_pipeline_execution(name=self.name, **more)["pipelineExecutionId"]

    def execution(self, identifier: str) -> dict[str, Any]:
        answer = self.client.get_pipeline_execution(pipelineName=self.name, pipelineExecutionId=identifier)
        return answer["pipelineExecution"]

    def actions(self, identifier: str) -> dict[str, watch.Action]:
        """Return the actions of an execution, by stage."""
        return {action.stage: action for action in watch.actions(self.client, self.name, identifier)}

    def reached(self, identifier: str, stage: str, status: str) -> watch.Action:
        """Wait until the execution's action in a stage has a status, and return it."""

        def found() -> watch.Action | None:
            action = self.actions(identifier).get(stage)
            return action if action and action.status == status else None

        action = wait_for(found)
        assert action, f"{stage} is not {status}: {self.actions(identifier)}"
        return action

    def end(self, identifier: str) -> str:
        """Wait for an execution to end and return its status."""
        return watch.follow(self.client, self.name, identifier, timeout=120, interval=0.05)

    def stage(self, name: str) -> dict[str, Any]:
        """Return what GetPipelineState shows of a stage."""
        stages = self.client.get_pipeline_state(name=self.name)["stageStates"]
        return next(stage for stage in stages if stage["stageName"] == name)

    def waiting(self, stage: str = "Approve") -> dict[str, Any]:
        """Wait until an approval asks for an answer, and return its state."""

        def found() -> dict[str, Any] | None:
            latest = self.stage(stage)["actionStates"][0].get("latestExecution", {})
            return latest if latest.get("status") == "InProgress" and "token" in latest else None

        latest = wait_for(found)
        assert latest, f"{stage} does not wait for anybody"
        return latest

    def answer(self, status: str, stage: str = "Approve", token: str = "") -> None:
        self.client.put_approval_result(
            pipelineName=self.name,
            stageName=stage,
            actionName=stage,
            token=token or self.waiting(stage)["token"],
            result={"status": status, "summary": "because"},
        )
