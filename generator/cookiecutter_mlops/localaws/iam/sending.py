"""Whether AWS would deliver: a rule, a schedule or a function sends with its role, or by the leave of the target."""

from typing import TYPE_CHECKING

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.iam import acting, authorization, calls

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.delivery import Sender

# What sending to a service is called in policies. A log group is written to through a stream of its own.
_ACTIONS = {
    "codebuild": ("codebuild:StartBuild",),
    "codepipeline": ("codepipeline:StartPipelineExecution",),
    "events": ("events:PutEvents",),
    "lambda": ("lambda:InvokeFunction",),
    "logs": ("logs:CreateLogStream", "logs:PutLogEvents"),
    "sagemaker": ("sagemaker:StartPipelineExecution",),
    "sns": ("sns:Publish",),
    "sqs": ("sqs:SendMessage",),
}


def check(sender: "Sender", arn: str) -> None:
    """Raise AwsError AccessDenied where AWS would not deliver to a target, or would not open the target's key."""
    if not authorization.enforced():
        return
    _, _, service, region, *_ = arn.split(":")
    if not sender.role:
        _check_service(sender, service, arn, region)
        return
    session = acting.assume(sender.role, sender.service, "delivery", sender.arn, region)
    with acting.acting(session):
        for action in _ACTIONS.get(service, ()):
            acting.check(action, _resource(service, arn))
            for used in calls.WITH_KEY.get(action, ()):
                acting.check_key(used, calls.key_of(service, arn), service)
    session.end()


def _check_service(sender: "Sender", service: str, arn: str, region: str) -> None:
    """Ask the policies of the target and of its key."""
    for action in _ACTIONS.get(service, ()):
        acting.check_service(sender.service, action, _resource(service, arn), sender.arn, region)
        for used in calls.WITH_KEY.get(action, ()):
            acting.check_service_key(sender.service, used, calls.key_of(service, arn), sender.arn, region)


def _resource(service: str, arn: str) -> str:
    account = arn.split(":")[4] or runtime.ACCOUNT
    if service == "logs":
        return f"{arn.removesuffix(':*')}:log-stream:{account}"
    return arn
