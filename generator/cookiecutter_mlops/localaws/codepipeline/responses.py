"""CodePipeline's requests, handed to the backend operation by operation. What it lacks is answered with 501."""

from moto.codepipeline.models import codepipeline_backends
from moto.core.responses import BaseResponse

from cookiecutter_mlops.localaws.codepipeline.models import CodePipelineBackend
from cookiecutter_mlops.localaws.crud import answer_with


class CodePipelineResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="codepipeline")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> CodePipelineBackend:
        return codepipeline_backends[self.current_account][self.region]  # type: ignore[return-value]


answer_with(CodePipelineResponse, CodePipelineBackend)
