"""The requests of CodeArtifact."""

from moto.core.responses import BaseResponse

from cookiecutter_mlops.localaws.codeartifact.models import CodeArtifactBackend, codeartifact_backends
from cookiecutter_mlops.localaws.crud import answer_with


class CodeArtifactResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="codeartifact")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> CodeArtifactBackend:
        return codeartifact_backends[self.current_account][self.region]


answer_with(CodeArtifactResponse, CodeArtifactBackend)
