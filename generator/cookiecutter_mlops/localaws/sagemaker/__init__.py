"""SageMaker with real execution: jobs, endpoints and the model registry, under the container contract of AWS."""


def install() -> None:
    """Put this service in the place of moto's, which records jobs as finished at once."""
    from moto.sagemaker.models import sagemaker_backends

    from cookiecutter_mlops.localaws.extension import swap_backend, swap_responses
    from cookiecutter_mlops.localaws.sagemaker.models import SageMakerBackend
    from cookiecutter_mlops.localaws.sagemaker.responses import SageMakerResponse

    swap_backend(sagemaker_backends, SageMakerBackend)
    swap_responses("sagemaker", SageMakerResponse)
