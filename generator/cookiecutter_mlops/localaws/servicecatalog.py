"""Service Catalog's operation that moto lacks: a portfolio is changed."""

import json

from moto.core.responses import ActionResult
from moto.servicecatalog.responses import ServiceCatalogResponse as MotoResponse

from cookiecutter_mlops.localaws import extension
from cookiecutter_mlops.localaws.extension import AwsError


class ServiceCatalogResponse(MotoResponse):
    def update_portfolio(self) -> ActionResult:
        request = json.loads(self.body)
        portfolio = self.servicecatalog_backend.portfolios.get(request["Id"])
        if portfolio is None:
            raise AwsError("ResourceNotFoundException", f"Portfolio {request['Id']} not found.")
        portfolio.display_name = request.get("DisplayName", portfolio.display_name)
        portfolio.description = request.get("Description", portfolio.description)
        portfolio.provider_name = request.get("ProviderName", portfolio.provider_name)
        kept = [tag for tag in portfolio.tags or [] if tag["Key"] not in request.get("RemoveTags", [])]
        tags = {tag["Key"]: tag["Value"] for tag in kept + request.get("AddTags", [])}
        portfolio.tags = [{"Key": key, "Value": value} for key, value in tags.items()]
        return ActionResult({"PortfolioDetail": portfolio.to_dict(), "Tags": portfolio.tags})


def install() -> None:
    extension.swap_responses("servicecatalog", ServiceCatalogResponse)
