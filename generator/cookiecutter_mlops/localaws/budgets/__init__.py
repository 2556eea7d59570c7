"""Budgets and their alerts, with the updates and subscribers that moto lacks; no budget is ever exceeded here."""


def install() -> None:
    from cookiecutter_mlops.localaws.budgets.responses import BudgetsResponse
    from cookiecutter_mlops.localaws.extension import swap_responses

    swap_responses("budgets", BudgetsResponse)
