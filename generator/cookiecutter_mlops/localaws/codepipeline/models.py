"""CodePipeline's state and operations. Each public method is an operation: it takes the request, returns the answer."""

import contextlib
import threading
from typing import Any

from moto.core.base_backend import BaseBackend

from cookiecutter_mlops.localaws import clock
from cookiecutter_mlops.localaws.codepipeline import declaration as declarations
from cookiecutter_mlops.localaws.codepipeline import polling, views
from cookiecutter_mlops.localaws.codepipeline.exceptions import (
    PipelineExecutionNotFoundException,
    PipelineNotFoundException,
    ValidationException,
)
from cookiecutter_mlops.localaws.codepipeline.execution import Execution
from cookiecutter_mlops.localaws.codepipeline.stages import Stages
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated
from cookiecutter_mlops.localaws.snapshot import Resuming

Document = dict[str, Any]


class Pipeline:
    """A pipeline's declaration, and the executions that it had, newest last."""

    def __init__(self, declaration: Document, arn: str, tags: list[Document]) -> None:
        self.declaration = declaration | {"version": 1}
        self.arn, self.tags = arn, {tag["key"]: tag["value"] for tag in tags}
        self.created = self.updated = clock.time()
        self.executions: dict[str, Execution] = {}
        self.requests: dict[str, Execution] = {}  # by the token of the request that started them
        self.stages = Stages(declaration.get("executionMode", "SUPERSEDED"))


class CodePipelineBackend(Resuming, BaseBackend):
    """The CodePipeline of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.pipelines: dict[str, Pipeline] = {}
        self._starting = threading.Lock()  # a request that is sent twice starts once

    def resume(self) -> None:
        for name in self.pipelines:
            polling.watch(self, name)

    def create_pipeline(self, request: Document) -> Document:
        declaration, tags = request["pipeline"], request.get("tags") or []
        name = declaration["name"]
        if name in self.pipelines:
            raise AwsError("PipelineNameInUseException", f"A pipeline with the name '{name}' already exists")
        declarations.check(declaration)
        arn = f"arn:aws:codepipeline:{self.region_name}:{self.account_id}:{name}"
        self.pipelines[name] = Pipeline(declaration, arn, tags)
        with contextlib.suppress(ValidationException):  # a variable without a default: nobody can give it a value yet
            self.start(name, None, "CreatePipeline")
        polling.watch(self, name)
        return {"pipeline": self.pipelines[name].declaration, "tags": tags}

    def get_pipeline(self, request: Document) -> Document:
        pipeline = self._pipeline(request["name"])
        metadata = {"pipelineArn": pipeline.arn, "created": pipeline.created, "updated": pipeline.updated}
        return {"pipeline": pipeline.declaration, "metadata": metadata}

    def update_pipeline(self, request: Document) -> Document:
        declaration = request["pipeline"]
        pipeline = self._pipeline(declaration["name"])
        declarations.check(declaration)
        pipeline.declaration = declaration | {"version": pipeline.declaration["version"] + 1}
        pipeline.stages.mode, pipeline.updated = declaration.get("executionMode", "SUPERSEDED"), clock.time()
        return {"pipeline": pipeline.declaration}

    def delete_pipeline(self, request: Document) -> Document:
        pipeline = self.pipelines.pop(request["name"], None)
        for execution in pipeline.executions.values() if pipeline else ():
            execution.stop("The pipeline was deleted.", abandon=True)
        return {}

    def list_pipelines(self, request: Document) -> Document:
        return {"pipelines": [views.pipeline(pipeline) for pipeline in self.pipelines.values()]}

    def start_pipeline_execution(self, request: Document) -> Document:
        variables = {v["name"]: v["value"] for v in request.get("variables") or []}
        commits = {}
        for revision in request.get("sourceRevisions") or []:
            if revision["revisionType"] != "COMMIT_ID":
                raise NotEmulated(f"StartPipelineExecution with a revision of type {revision['revisionType']}")
            commits[revision["actionName"]] = revision["revisionValue"]
        pipeline, token = self._pipeline(request["name"]), request.get("clientRequestToken")
        with self._starting:
            started = pipeline.requests.get(token) if token else None
            started = started or self.start(request["name"], variables, "StartPipelineExecution", commits)
            if token:
                pipeline.requests[token] = started
        return {"pipelineExecutionId": started.id}

    def start(
        self, name: str, variables: dict[str, str] | None, trigger: str, commits: dict[str, str] | None = None
    ) -> Execution:
        """Start an execution; `trigger` is what started it, with its detail after a colon."""
        pipeline = self._pipeline(name)
        values = declarations.values(pipeline.declaration.get("variables") or [], variables or {})
        execution = Execution(self.account_id, self.region_name, pipeline, values, trigger)
        execution.commits = commits or {}
        pipeline.executions[execution.id] = execution
        execution.start()
        return execution

    def stop_pipeline_execution(self, request: Document) -> Document:
        execution = self._execution(request["pipelineName"], request["pipelineExecutionId"])
        if execution.status != "InProgress":
            raise AwsError("PipelineExecutionNotStoppableException", f"The execution's status is {execution.status}.")
        execution.stop(request.get("reason", "Stopped by a person."), abandon=bool(request.get("abandon")))
        return {"pipelineExecutionId": execution.id}

    def retry_stage_execution(self, request: Document) -> Document:
        execution = self._execution(request["pipelineName"], request["pipelineExecutionId"])
        self._stage(request)
        execution.retry(request["stageName"], request["retryMode"])
        return {"pipelineExecutionId": execution.id}

    def put_approval_result(self, request: Document) -> Document:
        if request["actionName"] not in {action["name"] for action in self._stage(request)["actions"]}:
            raise AwsError("ActionNotFoundException", f"The stage has no action with the name {request['actionName']}")
        for execution in self._pipeline(request["pipelineName"]).executions.values():
            action = execution.action(request["stageName"], request["actionName"])
            if action and action.token == request["token"]:
                if action.decided.is_set():
                    raise AwsError("ApprovalAlreadyCompletedException", "The approval action has already been answered")
                action.decide(**request["result"])
                return {"approvedAt": clock.time()}
        raise AwsError("InvalidApprovalTokenException", "The approval token is not that of a waiting approval.")

    def get_pipeline_execution(self, request: Document) -> Document:
        execution = self._execution(request["pipelineName"], request["pipelineExecutionId"])
        return {"pipelineExecution": views.execution(execution)}

    def list_pipeline_executions(self, request: Document) -> Document:
        executions = reversed(self._pipeline(request["pipelineName"]).executions.values())
        return _page(request, "pipelineExecutionSummaries", [views.summary(execution) for execution in executions])

    def list_action_executions(self, request: Document) -> Document:
        pipeline = self._pipeline(request["pipelineName"])
        wanted = (request.get("filter") or {}).get("pipelineExecutionId")
        executions = [self._execution(request["pipelineName"], wanted)] if wanted else pipeline.executions.values()
        details = [detail for execution in reversed(list(executions)) for detail in views.actions(execution)]
        return _page(request, "actionExecutionDetails", details)

    def get_pipeline_state(self, request: Document) -> Document:
        return views.state(self._pipeline(request["name"]))

    def enable_stage_transition(self, request: Document) -> Document:
        self._pipeline(request["pipelineName"]).stages.enable(self._inbound(request))
        return {}

    def disable_stage_transition(self, request: Document) -> Document:
        self._pipeline(request["pipelineName"]).stages.disable(self._inbound(request), request["reason"])
        return {}

    def list_tags_for_resource(self, request: Document) -> Document:
        return {"tags": [{"key": k, "value": v} for k, v in self._by_arn(request["resourceArn"]).tags.items()]}

    def tag_resource(self, request: Document) -> Document:
        self._by_arn(request["resourceArn"]).tags |= {tag["key"]: tag["value"] for tag in request["tags"]}
        return {}

    def untag_resource(self, request: Document) -> Document:
        for key in request["tagKeys"]:
            self._by_arn(request["resourceArn"]).tags.pop(key, None)
        return {}

    def _pipeline(self, name: str) -> Pipeline:
        if name not in self.pipelines:
            raise PipelineNotFoundException(name, self.account_id)
        return self.pipelines[name]

    def _stage(self, request: Document) -> Document:
        for stage in self._pipeline(request["pipelineName"]).declaration["stages"]:
            if stage["name"] == request["stageName"]:
                return stage
        raise AwsError("StageNotFoundException", f"The pipeline has no stage with the name {request['stageName']}")

    def _inbound(self, request: Document) -> str:
        """Return the stage whose entry is meant: what lies behind a stage, AWS no longer controls."""
        if request["transitionType"] != "Inbound":
            raise NotEmulated("transitions of type Outbound")
        return self._stage(request)["name"]

    def _by_arn(self, arn: str) -> Pipeline:
        return self._pipeline(arn.rsplit(":", 1)[1])

    def _execution(self, name: str, execution: str) -> Execution:
        executions = self._pipeline(name).executions
        if execution not in executions:
            raise PipelineExecutionNotFoundException(execution)
        return executions[execution]


def _page(request: Document, member: str, items: list[Document]) -> Document:
    """Return one page of a list, with the token of the next one."""
    start, size = int(request.get("nextToken") or 0), int(request.get("maxResults") or 100)
    answer: Document = {member: items[start : start + size]}
    return answer | ({"nextToken": str(start + size)} if start + size < len(items) else {})
