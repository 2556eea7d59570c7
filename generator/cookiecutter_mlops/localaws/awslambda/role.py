"""The role that a function acts with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cookiecutter_mlops.localaws.iam import acting

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.awslambda.models import LambdaFunction

_POLL = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


@contextmanager
def of(function: "LambdaFunction") -> Iterator[None]:
    """Let the code inside act with the function's role, as Lambda does for one invocation or one poll of a queue."""
    arn, name = function.function_arn, function.function_name
    session = acting.assume(str(function.role), "lambda.amazonaws.com", name, arn, function.region)
    try:
        with acting.acting(session):
            yield
    finally:
        session.end()


def may_log(function: "LambdaFunction", group: str, stream: str) -> bool:
    """Say whether the function may write its log; Lambda goes on without one."""
    arn = f"arn:aws:logs:{function.region}:{function.account_id}:log-group:{group}:log-stream:{stream}"
    return acting.may("logs:CreateLogStream", arn) and acting.may("logs:PutLogEvents", arn)


def check_poll(function: "LambdaFunction", queue: str) -> None:
    """Raise AwsError where the function's role may not read a queue that is to be polled for it."""
    with of(function):
        for action in _POLL:
            acting.check_queue(action, queue)
