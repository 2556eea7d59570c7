"""API Gateway V2's operations that moto lacks: a stage is changed and tagged."""

import json
from typing import Any
from urllib.parse import unquote

from moto.apigatewayv2.responses import ApiGatewayV2Response as MotoResponse
from moto.core.utils import camelcase_to_underscores, utcnow


class ApiGatewayV2Response(MotoResponse):
    def update_stage(self) -> Any:
        api, stage_name = self.path.split("/")[-3], self.path.split("/")[-1]
        stage = self.apigatewayv2_backend.get_stage(api, stage_name)
        given = {camelcase_to_underscores(name): value for name, value in json.loads(self.body).items()}
        vars(stage).update(given, updated=utcnow())
        return 200, {}, json.dumps(stage.to_json())

    def tag_resource(self) -> Any:
        if not (stage := self._tagged_stage()):
            return super().tag_resource()
        stage.tags = stage.tags | json.loads(self.body)["tags"]
        return 201, {}, "{}"

    def untag_resource(self) -> Any:
        if not (stage := self._tagged_stage()):
            return super().untag_resource()
        removed = self.querystring.get("tagKeys") or []
        stage.tags = {key: value for key, value in stage.tags.items() if key not in removed}
        return 200, {}, "{}"

    def _tagged_stage(self) -> Any:
        """Return the stage whose ARN the address holds, or None where it is that of something else."""
        api, is_stage, name = unquote(self.path).rpartition("/apis/")[2].partition("/stages/")
        return self.apigatewayv2_backend.get_stage(api, name) if is_stage else None
