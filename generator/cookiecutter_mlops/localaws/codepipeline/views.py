"""What CodePipeline's Get and List operations show of pipelines, executions and actions."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.codepipeline.action import Action
    from cookiecutter_mlops.localaws.codepipeline.execution import Execution
    from cookiecutter_mlops.localaws.codepipeline.models import Pipeline

Document = dict[str, Any]


def pipeline(shown: "Pipeline") -> Document:
    """One row of ListPipelines."""
    declaration = shown.declaration
    return {
        "name": declaration["name"],
        "version": declaration["version"],
        "pipelineType": declaration.get("pipelineType", "V1"),
        "executionMode": declaration.get("executionMode", "SUPERSEDED"),
        "created": shown.created,
        "updated": shown.updated,
    }


def execution(shown: "Execution") -> Document:
    """GetPipelineExecution's answer."""
    return {
        "pipelineName": shown.name,
        "pipelineVersion": shown.declaration["version"],
        "pipelineExecutionId": shown.id,
        "status": shown.status,
        "statusSummary": shown.summary,
        "artifactRevisions": shown.revisions,
        "variables": [{"name": n, "resolvedValue": v} for n, v in shown.variables["variables"].items()],
        "trigger": _trigger(shown),
        "executionMode": shown.pipeline.stages.mode,
    }


def summary(shown: "Execution") -> Document:
    """One row of ListPipelineExecutions."""
    return {
        "pipelineExecutionId": shown.id,
        "status": shown.status,
        "statusSummary": shown.summary,
        "startTime": shown.started,
        "lastUpdateTime": shown.updated,
        "sourceRevisions": [
            {key: revision[key] for key in ("actionName", "revisionId", "revisionSummary")}
            for revision in shown.revisions
        ],
        "trigger": _trigger(shown),
        "executionMode": shown.pipeline.stages.mode,
    }


def actions(shown: "Execution") -> list[Document]:
    """The rows of ListActionExecutions, newest first."""
    return [_detail(shown, action) for action in reversed(shown.history)]


def state(shown: "Pipeline") -> Document:
    """GetPipelineState's answer: for each stage the execution that was in it last."""
    stages = []
    for declared in shown.declaration["stages"]:
        name = declared["name"]
        view: Document = {"stageName": name}
        reason = shown.stages.disabled.get(name)
        transition = {"enabled": reason is None} | ({"disabledReason": reason} if reason else {})
        latest = next((e for e in reversed(shown.executions.values()) if name in e.statuses), None)
        view |= {"inboundTransitionState": transition, "actionStates": _action_states(latest, declared)}
        if latest:
            view["latestExecution"] = {"pipelineExecutionId": latest.id, "status": latest.statuses[name]}
        if line := shown.stages.waiting(name):
            view["inboundExecutions"] = [{"pipelineExecutionId": e.id, "status": e.status} for e in line]
        stages.append(view)
    return {
        "pipelineName": shown.declaration["name"],
        "pipelineVersion": shown.declaration["version"],
        "stageStates": stages,
        "created": shown.created,
        "updated": shown.updated,
    }


def _action_states(latest: "Execution | None", stage: Document) -> list[Document]:
    states = []
    for declared in stage["actions"]:
        action = latest.action(stage["name"], declared["name"]) if latest else None
        states.append({"actionName": declared["name"]} | ({"latestExecution": _latest(action)} if action else {}))
    return states


def _latest(action: "Action") -> Document:
    view: Document = {
        "actionExecutionId": action.id,
        "status": action.status,
        "summary": action.summary,
        "lastStatusChange": action.updated,
        "externalExecutionId": action.external_id,
    }
    if action.token and action.status == "InProgress":
        view["token"] = action.token
    return view | ({"errorDetails": _error(action)} if action.error_code else {})


def _detail(shown: "Execution", action: "Action") -> Document:
    result: Document = {"externalExecutionId": action.external_id, "externalExecutionSummary": action.summary}
    result |= {"errorDetails": _error(action)} if action.error_code else {}
    declared = action.declared
    return {
        "pipelineExecutionId": shown.id,
        "actionExecutionId": action.id,
        "pipelineVersion": shown.declaration["version"],
        "stageName": action.stage,
        "actionName": action.name,
        "startTime": action.started,
        "lastUpdateTime": action.updated,
        "status": action.status,
        "input": {
            "actionTypeId": declared["actionTypeId"],
            "configuration": declared.get("configuration"),
            "inputArtifacts": declared.get("inputArtifacts"),
            "namespace": declared.get("namespace"),
            "region": shown.region,
        },
        "output": {
            "outputArtifacts": declared.get("outputArtifacts"),
            "executionResult": result,
            "outputVariables": action.outputs,
        },
    }


def _error(action: "Action") -> Document:
    return {"code": action.error_code, "message": action.summary}


def _trigger(shown: "Execution") -> Document:
    return {"triggerType": shown.trigger_type, "triggerDetail": shown.trigger_detail}
