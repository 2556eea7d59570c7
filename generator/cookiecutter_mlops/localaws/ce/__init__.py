"""Cost Explorer's anomaly monitors, subscriptions and cost-allocation tags; here nothing ever costs anything."""


def install() -> None:
    from moto.ce.models import ce_backends

    from cookiecutter_mlops.localaws.ce.models import CostExplorerBackend
    from cookiecutter_mlops.localaws.ce.responses import CostExplorerResponse
    from cookiecutter_mlops.localaws.extension import swap_backend, swap_responses

    swap_backend(ce_backends, CostExplorerBackend)
    swap_responses("ce", CostExplorerResponse)
