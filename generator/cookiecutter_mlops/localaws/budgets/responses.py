"""The requests of AWS Budgets."""

from moto.core.responses import BaseResponse

from cookiecutter_mlops.localaws.budgets.models import BudgetsBackend, budgets_backends
from cookiecutter_mlops.localaws.crud import answer_with


class BudgetsResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="budgets")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> BudgetsBackend:
        return budgets_backends[self.current_account][self.partition]


answer_with(BudgetsResponse, BudgetsBackend)
