"""Lambda that runs: a function's zip, its handler in a process of its own, its logs in CloudWatch Logs."""


def install() -> None:
    """Let moto's Lambda make our functions and mappings; everything about them as documents stays moto's."""
    from moto.awslambda import models

    from cookiecutter_mlops.localaws.awslambda import asynchronous
    from cookiecutter_mlops.localaws.awslambda.mappings import EventSourceMapping
    from cookiecutter_mlops.localaws.awslambda.models import LambdaBackend, LambdaFunction
    from cookiecutter_mlops.localaws.extension import executes, swap_backend

    models.LambdaFunction = LambdaFunction  # type: ignore[misc]
    models.EventSourceMapping = EventSourceMapping  # type: ignore[misc]
    swap_backend(models.lambda_backends, LambdaBackend)
    asynchronous.install()
    executes("lambda", "invoke", "invoke_async", "create_event_source_mapping", "update_event_source_mapping")
