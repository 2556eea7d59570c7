"""CodePipeline's state and operations. Each public method is an operation: it takes the request, returns the answer."""

import time
from typing import Any

from moto.core.base_backend import BaseBackend

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.codepipeline import polling, views
from cookiecutter_mlops.localaws.codepipeline.exceptions import (
    PipelineExecutionNotFoundException,
    PipelineNotFoundException,
    ValidationException,
)
from cookiecutter_mlops.localaws.codepipeline.execution import Execution
from cookiecutter_mlops.localaws.codepipeline.stages import Stages
from cookiecutter_mlops.localaws.extension import AwsError

Document = dict[str, Any]


class Pipeline:
    """A pipeline's declaration, and the executions that it had, newest last."""

    def __init__(self, declaration: Document, arn: str, tags: list[Document]) -> None:
        self.declaration = declaration | {"version": 1}
        self.arn, self.tags = arn, {tag["key"]: tag["value"] for tag in tags}
        self.created = self.updated = time.time()
        self.executions: dict[str, Execution] = {}
        self.stages = Stages(declaration.get("executionMode", "SUPERSEDED"))


class CodePipelineBackend(BaseBackend):
    """The CodePipeline of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.pipelines: dict[str, Pipeline] = {}

    def create_pipeline(self, request: Document) -> Document:
        declaration, tags = request["pipeline"], request.get("tags") or []
        name = declaration["name"]
        if name in self.pipelines:
            raise AwsError("PipelineNameInUseException", f"A pipeline with the name '{name}' already exists")
        _check(declaration)
        arn = f"arn:aws:codepipeline:{self.region_name}:{self.account_id}:{name}"
        self.pipelines[name] = Pipeline(declaration, arn, tags)
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
        _check(declaration)
        pipeline.declaration = declaration | {"version": pipeline.declaration["version"] + 1}
        pipeline.stages.mode, pipeline.updated = declaration.get("executionMode", "SUPERSEDED"), time.time()
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
        return {"pipelineExecutionId": self.start(request["name"], variables, "StartPipelineExecution").id}

    def start(self, name: str, variables: dict[str, str] | None, trigger: str) -> Execution:
        """Start an execution; `trigger` is what started it, with its detail after a colon."""
        pipeline = self._pipeline(name)
        declared = pipeline.declaration.get("variables") or []
        values = _variables(declared, variables or {})
        execution = Execution(self.account_id, self.region_name, pipeline, values, trigger)
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
        execution.retry(request["stageName"], request["retryMode"])
        return {"pipelineExecutionId": execution.id}

    def put_approval_result(self, request: Document) -> Document:
        for execution in self._pipeline(request["pipelineName"]).executions.values():
            action = execution.action(request["stageName"], request["actionName"])
            if action and action.token == request["token"] and action.status == "InProgress":
                action.decide(**request["result"])
                return {"approvedAt": time.time()}
        raise AwsError("InvalidApprovalTokenException", "The approval token is not that of a waiting approval.")

    def get_pipeline_execution(self, request: Document) -> Document:
        execution = self._execution(request["pipelineName"], request["pipelineExecutionId"])
        return {"pipelineExecution": views.execution(execution)}

    def list_pipeline_executions(self, request: Document) -> Document:
        executions = reversed(self._pipeline(request["pipelineName"]).executions.values())
        size = int(request.get("maxResults") or 100)
        return {"pipelineExecutionSummaries": [views.summary(e) for e in list(executions)[:size]]}

    def list_action_executions(self, request: Document) -> Document:
        pipeline = self._pipeline(request["pipelineName"])
        wanted = (request.get("filter") or {}).get("pipelineExecutionId")
        executions = [self._execution(request["pipelineName"], wanted)] if wanted else pipeline.executions.values()
        return {"actionExecutionDetails": [d for e in reversed(list(executions)) for d in views.actions(e)]}

    def get_pipeline_state(self, request: Document) -> Document:
        return views.state(self._pipeline(request["name"]))

    def enable_stage_transition(self, request: Document) -> Document:
        self._pipeline(request["pipelineName"]).stages.enable(request["stageName"])
        return {}

    def disable_stage_transition(self, request: Document) -> Document:
        self._pipeline(request["pipelineName"]).stages.disable(request["stageName"], request["reason"])
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

    def _by_arn(self, arn: str) -> Pipeline:
        return self._pipeline(arn.rsplit(":", 1)[1])

    def _execution(self, name: str, execution: str) -> Execution:
        executions = self._pipeline(name).executions
        if execution not in executions:
            raise PipelineExecutionNotFoundException(execution)
        return executions[execution]


def _variables(declared: list[Document], given: dict[str, str]) -> dict[str, str]:
    """Return a value for each declared variable; AWS refuses unknown names and empty values."""
    values = {variable["name"]: variable.get("defaultValue") for variable in declared} | given
    for name, value in values.items():
        if name not in {variable["name"] for variable in declared}:
            raise ValidationException(f"The pipeline does not declare a variable with the name '{name}'")
        if not value:
            raise ValidationException(f"The variable '{name}' must have a value of at least 1 character")
    return {name: str(value) for name, value in values.items()}


def _check(declaration: Document) -> None:
    """Refuse what AWS refuses, and say which parts of a declaration the embedded AWS cannot execute."""
    stages = declaration["stages"]
    if len(stages) < 2 or not all(a["actionTypeId"]["category"] == "Source" for a in stages[0]["actions"]):
        raise AwsError("InvalidStructureException", "Pipeline has to have two stages, the first of source actions only")
    if declaration.get("executionMode") == "PARALLEL":
        raise NotImplementedError("CreatePipeline with executionMode PARALLEL")
    for stage in stages:
        if unknown := {"onFailure", "onSuccess"} & {name for name, value in stage.items() if value}:
            raise NotImplementedError(f"CreatePipeline with {', '.join(sorted(unknown))} of a stage")
    runtime.home().mkdir(parents=True, exist_ok=True)
