"""The requests of both services; they differ in name only."""

from moto.core.responses import BaseResponse

from cookiecutter_mlops.localaws.connections.models import (
    ConnectionsBackend,
    codeconnections_backends,
    codestar_backends,
)
from cookiecutter_mlops.localaws.crud import answer_with


class CodeStarConnectionsResponse(BaseResponse):
    backends, service = codestar_backends, "codestar-connections"

    def __init__(self) -> None:
        super().__init__(service_name=self.service)
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> ConnectionsBackend:
        return self.backends[self.current_account][self.region]


class CodeConnectionsResponse(CodeStarConnectionsResponse):
    backends, service = codeconnections_backends, "codeconnections"  # type: ignore[assignment]


answer_with(CodeStarConnectionsResponse, ConnectionsBackend)
