"""API Gateway: REST APIs carry tags, where moto tags their stages only, and what moto cannot change is changed.

Changes are patches: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
"""

import json
from typing import Any
from urllib.parse import unquote

from moto.apigateway import urls
from moto.apigateway.exceptions import BadRequestException
from moto.apigateway.responses import APIGatewayResponse as MotoResponse
from moto.core.utils import camelcase_to_underscores

from cookiecutter_mlops.localaws.apigatewayv2 import ApiGatewayV2Response

# Members whose attributes moto does not call as the API does.
_ATTRIBUTES = {"type": "integration_type", "passthroughBehavior": "passthrough_behaviour"}
_NUMBERS, _LISTS = ("timeoutInMillis",), ("authorizationScopes", "cacheKeyParameters")


class APIGatewayResponse(MotoResponse):
    def update_method(self) -> str:
        return self._patched(self._method())

    def update_integration(self) -> str:
        return self._patched(self._method().method_integration)

    def update_deployment(self) -> str:
        _, _, api, _, identifier = self.path.rstrip("/").split("/")
        return self._patched(self.backend.get_deployment(api, identifier))

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

    def _method(self) -> Any:
        _, _, api, _, resource, _, method, *_ = self.path.split("/")
        return self.backend.get_method(api, resource, method)

    def _patched(self, changed: Any) -> str:
        for change in self._get_param("patchOperations"):
            _patch(changed, change["op"], change["path"], change.get("value"))
        return json.dumps(changed.to_json())

    def _is_stage(self) -> bool:
        return "/stages/" in unquote(self.path)

    def _api(self) -> Any:
        return self.backend.get_rest_api(unquote(self.path).split("/restapis/")[1].split("/")[0])


def _patch(changed: Any, op: str, path: str, value: Any) -> None:
    """Carry out one operation: `/uri` is a member, `/requestParameters/x` an entry of one, `~1` a slash in its name."""
    _, member, *entry = path.split("/", 2)
    name = _ATTRIBUTES.get(member) or camelcase_to_underscores(member)
    if not hasattr(changed, name):
        raise BadRequestException(f"Invalid patch path {path}")
    if member in _NUMBERS:
        value = int(value)
    elif isinstance(getattr(changed, name), bool):
        value = value == "true"
    if member in _LISTS:
        key = entry[0] if entry else value
        others = [one for one in getattr(changed, name) or [] if one != key]
        setattr(changed, name, others if op == "remove" else [*others, key])
    elif entry:
        setattr(changed, name, _changed(getattr(changed, name), op, entry[0].replace("~1", "/"), value))
    else:
        setattr(changed, name, None if op == "remove" else value)


def _changed(entries: dict[str, Any] | None, op: str, key: str, value: Any) -> dict[str, Any]:
    """Return a mapping with an entry added, replaced or removed."""
    others = {name: kept for name, kept in (entries or {}).items() if name != key}
    return others if op == "remove" else others | {key: _typed(value)}


def _typed(value: Any) -> Any:
    """Patches carry texts only: whether a parameter is required is true or false."""
    return {"true": True, "false": False}.get(value, value)


def install() -> None:
    """Take over both versions of the service: moto's addresses of the first hold those of the second."""
    urls.url_paths["{0}/tags/(?P<resourceArn>.+)$"] = MotoResponse.dispatch
    urls.url_paths["{0}/v2/tags/(?P<resource_arn>.+)$"] = MotoResponse.dispatch
    for url in urls.url_paths:
        is_second = url.startswith("{0}/v2/")
        urls.url_paths[url] = (ApiGatewayV2Response if is_second else APIGatewayResponse).dispatch
