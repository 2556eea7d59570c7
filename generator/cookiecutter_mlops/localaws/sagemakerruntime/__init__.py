"""SageMaker runtime: InvokeEndpoint (also as a stream) and InvokeEndpointAsync, answered by processes."""


def install() -> None:
    """Put this service in the place of moto's, which answers a constant and no stream."""
    from moto.sagemakerruntime.urls import url_paths

    from cookiecutter_mlops.localaws.extension import swap_responses
    from cookiecutter_mlops.localaws.sagemakerruntime.responses import SageMakerRuntimeResponse

    url_paths["{0}/endpoints/(?P<name>[^/]+)/invocations-response-stream$"] = SageMakerRuntimeResponse.dispatch
    swap_responses("sagemakerruntime", SageMakerRuntimeResponse)
