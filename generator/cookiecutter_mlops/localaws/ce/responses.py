"""The requests of Cost Explorer: moto's, and those of the operations that are added."""

from typing import Any

from moto.ce.responses import CostExplorerResponse as MotoResponse
from moto.core.responses import ActionResult

from cookiecutter_mlops.localaws.ce.models import CostExplorerBackend


class CostExplorerResponse(MotoResponse):
    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True


def _forward(name: str) -> Any:
    def method(self: CostExplorerResponse) -> ActionResult:
        return ActionResult(getattr(self.ce_backend, name)(dict(self.params)))

    return method


for _name in vars(CostExplorerBackend):
    if not _name.startswith("_"):
        setattr(CostExplorerResponse, _name, _forward(_name))
