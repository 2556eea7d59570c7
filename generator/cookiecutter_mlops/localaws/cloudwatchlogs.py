"""CloudWatch Logs: lines become metrics; metric filters and keys of groups are replaced; saved queries are kept."""

import json
import uuid
from typing import Any

from moto.core.responses import EmptyResult
from moto.logs import models
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.metric_filters import MetricFilters
from moto.logs.responses import LogsResponse as MotoLogsResponse

from cookiecutter_mlops.localaws import clock, logfilters, metrics
from cookiecutter_mlops.localaws.extension import AwsError

_CLASS = "STANDARD"  # of groups that were made without one, as those of functions


class LogsBackend(models.LogsBackend):
    """moto's log groups, with query definitions, metrics from log lines and keys that are asked."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.query_definitions: dict[str, dict[str, Any]] = {}

    def put_log_events(
        self, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> tuple[str, dict[str, Any]]:
        answer = super().put_log_events(log_group_name, log_stream_name, log_events)
        lines = [event["message"] for event in log_events]
        metrics.from_log_lines(self.account_id, self.region_name, lines)
        for found in self.filters.get_matching_filters(log_group_name=log_group_name):
            logfilters.publish(self.account_id, self.region_name, found, lines)
        return answer


class LogsResponse(MotoLogsResponse):
    """moto's requests, and those of saved queries and keys; groups have a class."""

    def create_log_group(self) -> str:
        answer = super().create_log_group()
        group: Any = self.logs_backend.groups[self._get_param("logGroupName")]
        group.log_group_class = self._get_param("logGroupClass") or _CLASS
        return answer

    @property
    def _definitions(self) -> dict[str, dict[str, Any]]:
        return self.logs_backend.query_definitions  # type: ignore[attr-defined]

    def put_query_definition(self) -> str:
        request = json.loads(self.body)
        identifier = request.get("queryDefinitionId") or str(uuid.uuid4())
        kept = {name: request[name] for name in ("name", "queryString", "logGroupNames") if name in request}
        stamp = {"lastModified": int(clock.time() * 1000), "queryDefinitionId": identifier}
        self._definitions[identifier] = kept | stamp
        return json.dumps({"queryDefinitionId": identifier})

    def describe_query_definitions(self) -> str:
        prefix = json.loads(self.body).get("queryDefinitionNamePrefix", "")
        found = [item for item in self._definitions.values() if item["name"].startswith(prefix)]
        return json.dumps({"queryDefinitions": found})

    def delete_query_definition(self) -> str:
        identifier = json.loads(self.body)["queryDefinitionId"]
        if not self._definitions.pop(identifier, None):
            raise AwsError("ResourceNotFoundException", f"There is no query definition {identifier}.")
        return json.dumps({"success": True})

    def associate_kms_key(self) -> EmptyResult:
        return self._set_key(self._get_param("kmsKeyId"))

    def disassociate_kms_key(self) -> EmptyResult:
        return self._set_key(None)

    def _set_key(self, key: str | None) -> EmptyResult:
        group = self.logs_backend.groups.get(self._get_param("logGroupName"))
        if group is None:
            raise ResourceNotFoundException()
        group.kms_key_id = key
        return EmptyResult()


def install() -> None:
    from cookiecutter_mlops.localaws.extension import swap_backend, swap_responses

    moto_add_filter = MetricFilters.add_filter

    def add_filter(filters: MetricFilters, name: str, pattern: str, group: str, transformations: Any) -> None:
        logfilters.Pattern(pattern)  # refuses what it cannot match
        filters.delete_filter(name, group)
        moto_add_filter(filters, name, pattern, group, transformations)

    moto_describe = models.LogGroup.to_describe_dict

    def describe(group: models.LogGroup) -> dict[str, Any]:
        return moto_describe(group) | {"logGroupClass": getattr(group, "log_group_class", _CLASS)}

    models.LogGroup.to_describe_dict = describe  # type: ignore[method-assign,assignment]
    MetricFilters.add_filter = add_filter  # type: ignore[method-assign,assignment]
    swap_backend(models.logs_backends, LogsBackend)
    swap_responses("logs", LogsResponse)
