"""Lambda that runs: a function's zip, its handler in a process of its own, its logs in CloudWatch Logs."""


def install() -> None:
    """Let moto's Lambda make our functions; everything about functions as documents stays moto's."""
    from moto.awslambda import models

    from cookiecutter_mlops.localaws.awslambda.models import LambdaFunction

    models.LambdaFunction = LambdaFunction  # type: ignore[misc]
