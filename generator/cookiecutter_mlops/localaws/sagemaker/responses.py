"""SageMaker's requests, handed to the backend operation by operation. What the backend lacks is answered with 501."""

from typing import Any

from moto.core.responses import BaseResponse
from moto.sagemaker.models import sagemaker_backends

from cookiecutter_mlops.localaws.crud import answer_with
from cookiecutter_mlops.localaws.sagemaker.models import SageMakerBackend


class SageMakerResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="sagemaker")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> Any:
        return sagemaker_backends[self.current_account][self.region]


answer_with(SageMakerResponse, SageMakerBackend)
