"""API Gateway: REST APIs carry tags, where moto tags their stages only, and resources move to another path."""

import json
from typing import Any
from urllib.parse import unquote

from moto.apigateway import urls
from moto.apigateway.responses import APIGatewayResponse as MotoResponse

from cookiecutter_mlops.localaws.apigatewayv2 import ApiGatewayV2Response


class APIGatewayResponse(MotoResponse):
    def update_resource(self) -> str:
        _, _, api, _, identifier = self.path.rstrip("/").split("/")
        resource = self.backend.get_resource(api, identifier)
        for change in self._get_param("patchOperations"):
            if change["path"] == "/pathPart":
                resource.path_part = change["value"]
            elif change["path"] == "/parentId":
                resource.parent_id = change["value"]
        return json.dumps(resource.to_dict())

    def get_tags(self) -> str:
        return super().get_tags() if self._is_stage() else json.dumps({"tags": self._api().tags or {}})

    def tag_resource(self) -> str:
        if self._is_stage():
            return super().tag_resource()
        self._api().tags = (self._api().tags or {}) | self._get_param("tags")
        return "{}"

    def untag_resource(self) -> str:
        if self._is_stage():
            return super().untag_resource()
        removed = self.querystring.get("tagKeys") or []
        self._api().tags = {key: value for key, value in (self._api().tags or {}).items() if key not in removed}
        return "{}"

    def _is_stage(self) -> bool:
        return "/stages/" in unquote(self.path)

    def _api(self) -> Any:
        return self.backend.get_rest_api(unquote(self.path).split("/restapis/")[1].split("/")[0])


def install() -> None:
    """Take over both versions of the service: moto's addresses of the first hold those of the second."""
    urls.url_paths["{0}/tags/(?P<resourceArn>.+)$"] = MotoResponse.dispatch
    urls.url_paths["{0}/v2/tags/(?P<resource_arn>.+)$"] = MotoResponse.dispatch
    for url in urls.url_paths:
        is_second = url.startswith("{0}/v2/")
        urls.url_paths[url] = (ApiGatewayV2Response if is_second else APIGatewayResponse).dispatch
