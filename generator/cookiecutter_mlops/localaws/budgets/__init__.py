"""AWS Budgets: moto's budgets lack updates, subscribers and tags, so this keeps its own. Nothing is ever spent here, so no alert fires."""


def install() -> None:
    from cookiecutter_mlops.localaws.budgets.responses import BudgetsResponse
    from cookiecutter_mlops.localaws.extension import swap_responses

    swap_responses("budgets", BudgetsResponse)
