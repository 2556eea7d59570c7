"""What a request needs: its operation's action, the roles that it passes, and what AWS does in its caller's name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cookiecutter_mlops.localaws.iam import context, keys, tables, targets
from cookiecutter_mlops.localaws.iam.context import Values
from cookiecutter_mlops.localaws.iam.requests import Operation


@dataclass(frozen=True)
class Call:
    """One action on one resource, with the condition keys that only it has; `service` is set where a service acts."""

    action: str
    resource: str
    context: Values = field(default_factory=dict)
    service: str = ""


# Operations whose action has another name.
_ACTIONS = {
    "lambda:Invoke": "InvokeFunction",
    "lambda:InvokeWithResponseStream": "InvokeFunction",
    "sqs:SendMessageBatch": "SendMessage",
    "sqs:DeleteMessageBatch": "DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "sns:PublishBatch": "Publish",
    "budgets:CreateBudget": "ModifyBudget",
    "budgets:UpdateBudget": "ModifyBudget",
    "budgets:DeleteBudget": "ModifyBudget",
    "budgets:DescribeBudget": "ViewBudget",
    "budgets:DescribeBudgets": "ViewBudget",
}
# The members that pass a role, and the service that gets it; a list on the way is walked through.
_PASSED = {
    "codebuild": (["serviceRole"], "codebuild.amazonaws.com"),
    "codepipeline": (["pipeline.roleArn"], "codepipeline.amazonaws.com"),
    "events": (["RoleArn", "Targets.RoleArn"], "events.amazonaws.com"),
    "lambda": (["Role"], "lambda.amazonaws.com"),
    "sagemaker": (["RoleArn", "ExecutionRoleArn", "TrainingJobDefinition.RoleArn"], "sagemaker.amazonaws.com"),
    "scheduler": (["Target.RoleArn"], "scheduler.amazonaws.com"),
}
WITH_KEY = {
    "sns:Publish": ("kms:GenerateDataKey", "kms:Decrypt"),
    "sqs:SendMessage": ("kms:GenerateDataKey", "kms:Decrypt"),
    "sqs:ReceiveMessage": ("kms:Decrypt",),
}


def of(operation: Operation) -> list[Call]:
    """Return everything that the caller must be allowed; the operation's own action comes first."""
    action = _ACTIONS.get(f"{operation.service}:{operation.name}", operation.name)
    own = context.of_operation(operation)
    if operation.service == "dynamodb" and (found := tables.actions(operation)):
        on_tables = [Call(f"dynamodb:{name}", arn, own) for name, arn in found]
        opening = [
            call for key in tables.keys(operation) for call in with_key("kms:Decrypt", "dynamodb", operation, key)
        ]
        return [*on_tables, *opening]
    resources = targets.of(operation, action)
    calls = [Call(f"{operation.service}:{action}", resource, own) for resource in resources]
    return [
        *calls,
        *_tagging(operation, resources, own),
        *_passing(operation),
        *_in_the_callers_name(operation, resources),
    ]


def _tagging(operation: Operation, resources: list[str], own: Values) -> Iterator[Call]:
    """SageMaker asks for AddTags, too, where a request makes something with tags."""
    if operation.service == "sagemaker" and operation.name.startswith("Create") and operation.params.get("Tags"):
        own = own | {"sagemaker:taggingaction": [operation.name]}
        yield from (Call("sagemaker:AddTags", resource, own) for resource in resources)


def _passing(operation: Operation) -> Iterator[Call]:
    members, service = _PASSED.get(operation.service, ([], ""))
    for role in [role for member in members for role in _at(operation.params, member.split("."))]:
        yield Call("iam:PassRole", role, {"iam:passedtoservice": [service]})


def _at(value: Any, path: list[str]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif not path:
        yield from [value] if value else []
    elif isinstance(value, dict):
        yield from _at(value.get(path[0]), path[1:])


def _in_the_callers_name(operation: Operation, resources: list[str]) -> Iterator[Call]:
    """AWS services ask other services with the permissions of whoever asked them."""
    for action in WITH_KEY.get(f"{operation.service}:{operation.name.removesuffix('Batch')}", ()):
        yield from with_key(action, operation.service, operation, key_of(operation.service, resources[0]))
    if operation.service == "sagemaker":
        yield from _sagemaker(operation)
    elif operation.service == "application-autoscaling":
        yield from _autoscaling(operation)
    elif operation.service == "ssm":
        yield from _parameters(operation)
    elif operation.service == "logs":
        yield from _log_group_key(operation)


def with_key(action: str, service: str, operation: Operation, key: str, **more: list[str]) -> Iterator[Call]:
    """Use a key through a service; a key that AWS manages asks nobody."""
    if arn := keys.arn(key, operation.region, operation.account):
        via = {
            "kms:viaservice": [f"{service}.{operation.region}.amazonaws.com"],
            "kms:calleraccount": [operation.account],
        }
        yield Call(action, arn, via | more)


def _sagemaker(operation: Operation) -> Iterator[Call]:
    params, arn = operation.params, f"arn:aws:cloudwatch:{operation.region}:{operation.account}:alarm"
    for key in context.of_operation(operation).get("sagemaker:volumekmskey", []):
        if operation.name.startswith("Create"):
            granted = {"kms:grantisforawsresource": ["true"]}
            yield from with_key("kms:CreateGrant", "sagemaker", operation, key, **granted)
            yield from with_key("kms:DescribeKey", "sagemaker", operation, key)
    rollback = (params.get("DeploymentConfig") or {}).get("AutoRollbackConfiguration") or {}
    for alarm in rollback.get("Alarms") or []:
        yield Call("cloudwatch:DescribeAlarms", f"{arn}:{alarm['AlarmName']}")


def _autoscaling(operation: Operation) -> Iterator[Call]:
    """Application Auto Scaling looks at the endpoint and makes its alarms in the name of whoever declares a policy."""
    kind, _, rest = operation.params.get("ResourceId", "").partition("/")
    if operation.params.get("ServiceNamespace") != "sagemaker" or kind != "endpoint":
        return
    alarms = f"arn:aws:cloudwatch:{operation.region}:{operation.account}:alarm:TargetTracking-{kind}/{rest}"
    if operation.name == "RegisterScalableTarget":
        name = rest.partition("/")[0]
        yield Call(
            "sagemaker:DescribeEndpoint", f"arn:aws:sagemaker:{operation.region}:{operation.account}:endpoint/{name}"
        )
    if operation.name == "PutScalingPolicy" and "TargetTrackingScalingPolicyConfiguration" in operation.params:
        yield Call("cloudwatch:PutMetricAlarm", f"{alarms}-AlarmHigh")
        yield Call("cloudwatch:DescribeAlarms", f"{alarms}-AlarmHigh")
    if operation.name in ("DeleteScalingPolicy", "DeregisterScalableTarget"):
        yield Call("cloudwatch:DeleteAlarms", f"{alarms}-AlarmHigh")


def _parameters(operation: Operation) -> Iterator[Call]:
    """A SecureString is opened and closed with its key."""
    from moto.ssm.models import ssm_backends

    params = operation.params
    if operation.name == "PutParameter" and params.get("Type") == "SecureString":
        yield from with_key("kms:Encrypt", "ssm", operation, params.get("KeyId", ""))
    if operation.name.startswith("GetParameter") and params.get("WithDecryption"):
        stored: Any = ssm_backends[operation.account][operation.region]
        for name in params.get("Names") or [params.get("Name", "")]:
            parameter = stored.get_parameter(name)
            if parameter and parameter.parameter_type == "SecureString":
                yield from with_key("kms:Decrypt", "ssm", operation, parameter.keyid or "")


def _log_group_key(operation: Operation) -> Iterator[Call]:
    """CloudWatch Logs itself uses a group's key, which its policy must admit for this group."""
    if arn := keys.arn(operation.params.get("kmsKeyId", ""), operation.region, operation.account):
        place, group = f"{operation.region}:{operation.account}", operation.params.get("logGroupName")
        context = {"kms:encryptioncontext:aws:logs:arn": [f"arn:aws:logs:{place}:log-group:{group}"]}
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            yield Call(action, arn, context, f"logs.{operation.region}.amazonaws.com")


def key_of(service: str, resource: str) -> str:
    """Return the key of a topic or queue."""
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    if resource.count(":") != 5:
        return ""
    _, _, _, region, account, name = resource.split(":")
    if service == "sns":
        topics: Any = sns_backends[account][region].topics
        return getattr(topics.get(resource), "kms_master_key_id", "") or ""
    queues: Any = sqs_backends[account][region].queues
    return getattr(queues.get(name), "kms_master_key_id", "") or ""
