"""Encryption at rest with the project's own key, and what may use that key."""

from typing import Any

from tests.policy.plan import Plan, Resource
from tests.policy.rule import each, rule

# Where each kind of resource names its key; nothing there means a key of AWS's, which no policy of ours bounds.
KEYS = {
    "aws_cloudwatch_log_group": "kms_key_id",
    "aws_codebuild_project": "encryption_key",
    "aws_codecommit_repository": "kms_key_id",
    "aws_codepipeline": "artifact_store.encryption_key.id",
    "aws_dynamodb_table": "server_side_encryption.kms_key_arn",
    "aws_ecr_repository": "encryption_configuration.kms_key",
    "aws_lambda_function": "kms_key_arn",
    "aws_sagemaker_endpoint_configuration": "kms_key_arn",
    "aws_sagemaker_notebook_instance": "kms_key_id",
    "aws_secretsmanager_secret": "kms_key_id",
    "aws_sns_topic": "kms_master_key_id",
    "aws_sqs_queue": "kms_master_key_id",
}


def at(values: dict[str, Any], path: str) -> Any:
    """Return the value at a path through blocks that occur at most once."""
    for name in path.split("."):
        values = values[0] if isinstance(values, list) and values else values
        values = values.get(name) if isinstance(values, dict) else None
    return values


@rule(each(*KEYS))
def customer_managed_key(resource: Resource, plan: Plan) -> str | None:
    """Everything that holds data, messages, logs or code is encrypted with a customer-managed key."""
    path = KEYS[resource.type]
    # AWS fills in its own key where none is given, so what counts is also that one is given.
    key = at(resource.values, path) if resource.gives(path) else None
    return None if key and not str(key).startswith(("alias/aws/", "aws/")) else f"{path} is {key!r}"


@rule(each("aws_ssm_parameter"))
def parameter_is_no_secret(parameter: Resource, plan: Plan) -> str | None:
    """Parameters hold specifications that anybody in the account may read; a secret belongs in Secrets Manager."""
    kinds = parameter.values["type"]
    return (
        None if kinds == "String" or parameter.values.get("key_id") else f"is a {kinds} without a customer-managed key"
    )


@rule(each("aws_kms_key"))
def key_rotates(key: Resource, plan: Plan) -> str | None:
    """Keys rotate every year."""
    return None if key.values.get("enable_key_rotation") is True else "enable_key_rotation is off"


@rule(each("aws_kms_key"))
def key_deletion_waits_thirty_days(key: Resource, plan: Plan) -> str | None:
    """A deletion that would lose everything the key encrypted can be cancelled for 30 days."""
    days = key.values.get("deletion_window_in_days")
    return None if days == 30 else f"deletion_window_in_days is {days}"


@rule(each("aws_kms_key"))
def key_policy_is_written(key: Resource, plan: Plan) -> str | None:
    """A key has a policy of its own, and not the one that AWS gives."""
    return None if key.gives("policy") else "has AWS's default policy"


@rule(each("aws_cloudwatch_log_group"))
def log_group_has_retention(group: Resource, plan: Plan) -> str | None:
    """Logs are kept for a bounded time."""
    days = group.values.get("retention_in_days")
    return None if days else "keeps its logs for ever"
