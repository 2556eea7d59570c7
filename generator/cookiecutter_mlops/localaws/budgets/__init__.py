"""AWS Budgets: moto's lack updates, subscribers and tags, so these are our own. Nothing is spent here: no alert fires."""


def install() -> None:
    from cookiecutter_mlops.localaws.budgets.responses import BudgetsResponse
    from cookiecutter_mlops.localaws.extension import swap_responses

    swap_responses("budgets", BudgetsResponse)
