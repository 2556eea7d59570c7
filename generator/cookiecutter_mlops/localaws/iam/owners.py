"""The policies that resources carry themselves: buckets, keys, topics, queues, functions, repositories, roles."""

import json
from typing import Any

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.iam import policies
from cookiecutter_mlops.localaws.iam.policies import Policy

# The account of AWS's Deep Learning Containers, whose images everybody may pull who may pull at all.
# https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
_IMAGES_OF_AWS = "763104351884"
_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
_ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": _PULL}


def policies_of(action: str, resource: str) -> tuple[list[Policy], str]:
    """Return a resource's own policies and the account that owns it."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return [], ""
    service, region, account = parts[2], parts[3], parts[4] or runtime.ACCOUNT
    find = _SERVICES.get(service)
    texts = find(region, account, parts[5]) if find else []
    if service == "iam" and not action.lower().startswith("sts:assumerole"):
        texts = []
    return [policies.parse(text) for text in texts if text], account


def _bucket(region: str, account: str, name: str) -> list[str]:
    from moto.s3.models import s3_backends

    bucket: Any = s3_backends[account]["aws"].buckets.get(name.partition("/")[0])
    text = bucket.policy if bucket else None
    return [text.decode() if isinstance(text, bytes) else text] if text else []


def _key(region: str, account: str, name: str) -> list[str]:
    from moto.kms.models import kms_backends

    backend: Any = kms_backends[account][region]
    key = backend.keys.get(name.removeprefix("key/"))
    return [key.policy, *_grants(key)] if key else []


def _grants(key: Any) -> list[str]:
    """Return a key's grants as the statements that they amount to.

    https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
    """
    statements = [
        {
            "Sid": grant.name or grant.id,
            "Effect": "Allow",
            "Principal": {"AWS": grant.grantee_principal},
            "Action": [f"kms:{operation}" for operation in grant.operations],
            "Resource": "*",
            "Condition": _constraint(grant.constraints or {}),
        }
        for grant in list(key.grants.values())
    ]
    return [json.dumps({"Version": "2012-10-17", "Statement": statements})] if statements else []


def _constraint(constraints: dict[str, dict[str, str]]) -> dict[str, dict[str, Any]]:
    """Return the condition of a grant: encryption contexts hold these pairs, or these and no others."""
    exact = constraints.get("EncryptionContextEquals") or {}
    pairs = exact or constraints.get("EncryptionContextSubset") or {}
    condition: dict[str, dict[str, Any]] = {}
    if pairs:
        condition["StringEquals"] = {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
    if exact:
        condition["ForAllValues:StringEquals"] = {"kms:EncryptionContextKeys": list(exact)}
    return condition


def _topic(region: str, account: str, name: str) -> list[str]:
    from moto.sns.models import sns_backends

    topic: Any = sns_backends[account][region].topics.get(f"arn:aws:sns:{region}:{account}:{name}")
    return [topic.policy] if topic else []


def _queue(region: str, account: str, name: str) -> list[str]:
    from moto.sqs.models import sqs_backends

    queue: Any = sqs_backends[account][region].queues.get(name)
    return [queue.policy] if queue and queue.policy else []


def _function(region: str, account: str, name: str) -> list[str]:
    from moto.awslambda.models import lambda_backends

    backend: Any = lambda_backends[account][region]
    try:
        function = backend.get_function(name.removeprefix("function:").partition(":")[0])
    except Exception:  # there is no such function: whoever calls it is told so by Lambda
        return []
    statements = function.policy.statements if function.policy else []
    return [json.dumps({"Version": "2012-10-17", "Statement": statements})] if statements else []


def _repository(region: str, account: str, name: str) -> list[str]:
    from moto.ecr.models import ecr_backends

    if account == _IMAGES_OF_AWS:
        return [json.dumps({"Version": "2012-10-17", "Statement": [_ANYBODY]})]
    repository: Any = ecr_backends[account][region].repositories.get(name.removeprefix("repository/"))
    text = repository.policy if repository else None
    return [text] if text else []


def _role(region: str, account: str, name: str) -> list[str]:
    from cookiecutter_mlops.localaws.iam import principals

    role = principals.role_of(f"arn:aws:iam::{account}:{name}") if name.startswith("role/") else None
    return [role.assume_role_policy_document] if role else []


def _log_group(region: str, account: str, name: str) -> list[str]:
    """Log groups have no policies; the account's log resource policies say which services may write to them."""
    from moto.logs.models import logs_backends

    backend: Any = logs_backends[account][region]
    return [policy.policy_document for policy in backend.resource_policies.values()]


_SERVICES = {
    "ecr": _repository,
    "iam": _role,
    "kms": _key,
    "lambda": _function,
    "logs": _log_group,
    "s3": _bucket,
    "sns": _topic,
    "sqs": _queue,
}
