"""The resources that a call works on: ARNs made from a request's parameters by the documented forms of their ARNs."""

import re
from collections.abc import Callable
from typing import Any

from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.iam import catalog
from cookiecutter_mlops.localaws.iam.requests import Operation

# What an ARN's part is called in requests, where it is not called the same.
_MEMBERS = {
    "ActionName": ["actionName"],
    "AlarmName": ["AlarmNames"],
    "BudgetName": ["Budget.BudgetName"],
    "EventSourceMappingId": ["UUID"],
    "FunctionName": ["FunctionName"],
    "KeyId": ["KeyId", "TargetKeyId"],
    "LogGroupName": ["logGroupName", "logGroupIdentifier"],
    "ParameterNameWithoutLeadingSlash": ["Name", "Names", "Path"],
    "PipelineName": ["name", "pipelineName", "pipeline.name"],
    "PolicyNameWithPath": ["PolicyArn"],
    "ProjectName": ["projectName", "name", "names"],
    "QueueName": ["QueueUrl"],
    "RoleNameWithPath": ["RoleArn", "RoleName"],
    "RuleName": ["Rule", "Name"],
    "ScheduleName": ["Name"],
    "TopicName": ["TopicArn", "TargetArn", "Name"],
    "UserNameWithPath": ["UserName"],
    "ClusterName": ["clusterName"],
}
Own = Callable[[Operation], list[str]]


def of(operation: Operation, action: str) -> list[str]:
    """Return the ARNs that an action of this operation needs; `*` where the action cannot be narrowed.

    Raises NotEmulated where the request does not tell which resource is meant.
    """
    if own := _OWN.get(f"{operation.service}:{action}") or _OF_SERVICE.get(operation.service):
        return own(operation)
    types = catalog.resource_types(operation.service, action)
    if not types:  # none, or an operation that is no action of its own
        return ["*"]
    found = [arn for kind in types for arn in _filled(kind, operation)]
    if not found and any(kind.required for kind in types):
        raise NotEmulated(f"IAM for {operation.service}:{action}: the resource cannot be told from the request")
    return found or ["*"]


def _filled(kind: catalog.ResourceType, operation: Operation) -> list[str]:
    """Return the ARNs of one kind: those that the request names, and those made from the names in it."""
    pattern = _form(kind.arn)
    arns = [value for value in _values(operation.params) if pattern.fullmatch(value)]
    if arns or not kind.names:
        return arns
    parts = [_named(name, operation.params) for name in kind.names]
    if not all(parts):
        return []
    base = {"Partition": "aws", "Region": operation.region, "Account": operation.account}
    if len(parts) == 1:
        return [kind.filled(base | {kind.names[0]: part}) for part in parts[0]]
    return [kind.filled(base | {name: part[0] for name, part in zip(kind.names, parts, strict=True)})]


def _form(arn: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\$\\\{\w+\\\}", ".*", re.escape(arn)))


def _values(params: dict[str, Any]) -> list[str]:
    """Return the texts among the members of a request, those in lists too."""
    texts: list[str] = []
    for value in params.values():
        texts += (
            [value] if isinstance(value, str) else [v for v in value if isinstance(v, str)] if _is_list(value) else []
        )
    return texts


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _named(name: str, params: dict[str, Any]) -> list[str]:
    by_lower = {member.lower(): value for member, value in params.items()}
    for member in [*_MEMBERS.get(name, []), name]:
        outer, _, inner = member.partition(".")
        value = by_lower.get(outer.lower())
        if inner and isinstance(value, dict):
            value = value.get(inner)
        if value:
            return [_bare(name, str(item)) for item in (value if _is_list(value) else [value])]
    return []


def _bare(name: str, value: str) -> str:
    """Return a name as ARNs have it: of an address or a path only the part that identifies."""
    if name == "QueueName":
        return value.rstrip("/").rpartition("/")[2]
    if name == "ParameterNameWithoutLeadingSlash":
        return value.removeprefix("/")
    if name == "RoleNameWithPath" and ":role/" in value:
        return value.partition(":role/")[2]
    return value.rpartition(":")[2] if value.startswith("arn:") else value


def _logs(operation: Operation) -> list[str]:
    """CloudWatch Logs names groups with a trailing part, which is why policies end in `:*`."""
    if arn := operation.params.get("resourceArn"):
        return [arn]
    names = _named("LogGroupName", operation.params) or _named("logGroupNamePrefix", operation.params)
    if not names:
        return ["*"]
    stream = operation.params.get("logStreamName", "")
    return [f"{_arn(operation, 'logs')}:log-group:{name}:log-stream:{stream}" for name in names]


def _model_packages(operation: Operation) -> list[str]:
    """A package that does not exist yet, and a list of them, is every package of its group."""
    group = operation.params.get("ModelPackageGroupName")
    name = (group or operation.params.get("ModelPackageName", "*")).rpartition("/")[2]
    return [f"{_arn(operation, 'sagemaker')}:model-package/{name}{'/*' if group else ''}"]


def _builds(operation: Operation) -> list[str]:
    ids = operation.params.get("ids") or [operation.params.get("id", "")]
    projects = sorted({build.rpartition("/")[2].partition(":")[0] for build in ids})
    return [f"{_arn(operation, 'codebuild')}:project/{project}" for project in projects]


def _scalable_target(operation: Operation) -> list[str]:
    """The id of a target is AWS's own, so a policy can only name them all."""
    return [f"{_arn(operation, 'application-autoscaling')}:scalable-target/*"]


def _schedule(operation: Operation) -> list[str]:
    group = operation.params.get("GroupName") or "default"
    return [f"{_arn(operation, 'scheduler')}:schedule/{group}/{operation.params.get('Name', '*')}"]


def _key(operation: Operation) -> list[str]:
    from cookiecutter_mlops.localaws.iam import keys

    return [keys.arn(operation.params.get("KeyId", ""), operation.region, operation.account) or "*"]


def _bus(operation: Operation) -> list[str]:
    names = {entry.get("EventBusName") or "default" for entry in operation.params.get("Entries", [])}
    return [f"{_arn(operation, 'events')}:event-bus/{name.rpartition('/')[2]}" for name in sorted(names)]


def _publish(operation: Operation) -> list[str]:
    return [operation.params.get("TopicArn") or operation.params.get("TargetArn") or "*"]


def _workgroup(operation: Operation) -> list[str]:
    """What is known of a query by its id is its workgroup's; where none is named, it is `primary`."""
    from moto.athena.models import athena_backends

    params, backend = operation.params, athena_backends[operation.account][operation.region]
    started = [params.get("QueryExecutionId"), *params.get("QueryExecutionIds", [])]
    saved = [params.get("NamedQueryId"), *params.get("NamedQueryIds", [])]
    known: list[Any] = [backend.executions[each].workgroup for each in started if each in backend.executions]
    known += [backend.named_queries[each].workgroup.name for each in saved if each in backend.named_queries]
    own = params.get("Name" if operation.name == "CreateWorkGroup" else "WorkGroup") or "primary"
    return [f"{_arn(operation, 'athena')}:workgroup/{name}" for name in sorted(set(known) or {own})]


def _arn(operation: Operation, service: str) -> str:
    return f"arn:aws:{service}:{operation.region}:{operation.account}"


_QUERIES = (
    "BatchGetNamedQuery BatchGetQueryExecution CreateNamedQuery CreateWorkGroup DeleteNamedQuery DeleteWorkGroup "
    "GetNamedQuery GetQueryExecution GetQueryResults GetWorkGroup ListNamedQueries ListQueryExecutions "
    "StartQueryExecution StopQueryExecution UpdateNamedQuery UpdateWorkGroup"
)
_OWN: dict[str, Own] = {
    **{f"athena:{name}": _workgroup for name in _QUERIES.split()},
    "application-autoscaling:DeleteScalingPolicy": _scalable_target,
    "application-autoscaling:DeregisterScalableTarget": _scalable_target,
    "application-autoscaling:PutScalingPolicy": _scalable_target,
    "application-autoscaling:RegisterScalableTarget": _scalable_target,
    "codebuild:BatchGetBuilds": _builds,
    "codebuild:RetryBuild": _builds,
    "codebuild:StopBuild": _builds,
    "events:PutEvents": _bus,
    "kms:CreateGrant": _key,
    "kms:Decrypt": _key,
    "kms:DescribeKey": _key,
    "kms:Encrypt": _key,
    "kms:GenerateDataKey": _key,
    "sagemaker:CreateModelPackage": _model_packages,
    "sagemaker:ListModelPackages": _model_packages,
    "scheduler:CreateSchedule": _schedule,
    "scheduler:DeleteSchedule": _schedule,
    "scheduler:GetSchedule": _schedule,
    "scheduler:UpdateSchedule": _schedule,
    "sns:Publish": _publish,
}
_OF_SERVICE: dict[str, Own] = {"logs": _logs}
