"""CodeBuild's requests, handed to the backend operation by operation. What it lacks is answered with 501."""

from moto.codebuild.models import codebuild_backends
from moto.core.responses import BaseResponse

from cookiecutter_mlops.localaws.codebuild.models import CodeBuildBackend
from cookiecutter_mlops.localaws.crud import answer_with


class CodeBuildResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="codebuild")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> CodeBuildBackend:
        return codebuild_backends[self.current_account][self.region]  # type: ignore[return-value]


answer_with(CodeBuildResponse, CodeBuildBackend)
