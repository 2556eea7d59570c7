"""IAM that is enforced: `enforcement` asks before every request, `acting` before what services do in a role's name.

`mlops local up --iam off` switches it off. Read `evaluation` for how policies decide.
"""

import logging
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)


def install() -> None:
    from moto.iam import models
    from moto.sns.models import Subscription

    from cookiecutter_mlops.localaws.extension import swap_responses
    from cookiecutter_mlops.localaws.iam import principals
    from cookiecutter_mlops.localaws.iam.responses import IamResponse

    principals.install()
    swap_responses("iam", IamResponse)
    models.PARTITION_NAMES = ["aws"]  # moto looks for each request's key in the IAMs of all clouds, 5 MB each
    models.IAMBackend.get_roles = _roles  # type: ignore[method-assign,assignment]
    Subscription.publish = _asked(Subscription.publish)  # type: ignore[method-assign]


def _roles(backend: Any) -> list[Any]:
    """Return the roles of this moment; moto's view of them breaks when another request adds one meanwhile."""
    return list(backend.roles.values())


def _asked(publish: Callable[..., None]) -> Callable[..., None]:
    """Let a topic reach only those queues and functions whose policy admits it; SNS says nothing of the others."""
    from cookiecutter_mlops.localaws.delivery import Sender
    from cookiecutter_mlops.localaws.iam import sending
    from cookiecutter_mlops.localaws.iam.authorization import AccessDenied

    def publish_if_allowed(subscription: Any, *message: Any, **attributes: Any) -> None:
        try:
            if subscription.protocol in ("lambda", "sqs"):
                sending.check(Sender("sns.amazonaws.com", subscription.topic.arn), subscription.endpoint)
        except AccessDenied as error:
            log.warning("%s did not reach %s: %s", subscription.topic.arn, subscription.endpoint, error)
        else:
            publish(subscription, *message, **attributes)

    return publish_if_allowed
