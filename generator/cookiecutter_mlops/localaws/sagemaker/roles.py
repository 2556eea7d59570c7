"""The role that a job or a model acts with: assumed by SageMaker, and needed by it for image, log and volumes.

https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
"""

import re
from typing import Any

from cookiecutter_mlops.localaws.iam import acting
from cookiecutter_mlops.localaws.iam.acting import Session
from cookiecutter_mlops.localaws.sagemaker.base import Operations
from cookiecutter_mlops.localaws.sagemaker.exceptions import ValidationException
from cookiecutter_mlops.localaws.sagemaker.kinds import MODEL

_ECR = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+/([^:@]+)")
_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def assume(backend: Operations, role: str, source: str, seconds: float = acting.HOURS_36) -> Session:
    """Open a session of a role for what `source` names; refuse as SageMaker does where it is not trusted."""
    try:
        return acting.assume(role, "sagemaker.amazonaws.com", "SageMaker", source, backend.region_name, seconds)
    except acting.CannotAssume:
        raise ValidationException(
            f"Could not assume role {role}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        ) from None


def of_model(backend: Operations, model: str) -> Session:
    """Open a session of a model's role."""
    document = backend.documents.get(MODEL, model)
    role = document.get("ExecutionRoleArn", "")
    return assume(backend, role, document["ModelArn"], acting.UNTIL_STOPPED)


def check_image(image: str) -> None:
    """Raise AwsError where the role may not pull an image from the account's registry."""
    if found := _ECR.match(image):
        account, region, repository = found.groups()
        acting.check("ecr:GetAuthorizationToken", "*")
        for action in _PULL:
            acting.check(action, f"arn:aws:ecr:{region}:{account}:repository/{repository}")


def check_volumes(cluster: dict[str, Any]) -> None:
    """Raise AwsError where the role may not lend the key of an encrypted volume to SageMaker."""
    if key := cluster.get("VolumeKmsKeyId") or cluster.get("KmsKeyId"):
        acting.check_key("kms:CreateGrant", key, "sagemaker", {"kms:grantisforawsresource": "true"})


def may_log(backend: Operations, group: str, stream: str) -> bool:
    """Say whether the role may write a log; SageMaker goes on without one."""
    arn = f"arn:aws:logs:{backend.region_name}:{backend.account_id}:log-group:{group}:log-stream:"
    create = acting.may("logs:CreateLogStream", arn + stream) and acting.may("logs:DescribeLogStreams", arn)
    return create and acting.may("logs:PutLogEvents", arn + stream)


def report(namespace: str) -> bool:
    """Say whether the role may publish metrics; SageMaker goes on without them."""
    return acting.may("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": namespace})
