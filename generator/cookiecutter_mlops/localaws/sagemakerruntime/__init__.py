"""SageMaker runtime: InvokeEndpoint and InvokeEndpointAsync, answered by the processes behind the endpoints."""


def install() -> None:
    """Put this service in the place of moto's, which answers a constant."""
    from cookiecutter_mlops.localaws.extension import swap_responses
    from cookiecutter_mlops.localaws.sagemakerruntime.responses import SageMakerRuntimeResponse

    swap_responses("sagemakerruntime", SageMakerRuntimeResponse)
