"""Athena's operations that moto lacks, or only keeps: queries are executed, a workgroup is changed."""

import json
from typing import Any

from moto.athena.responses import AthenaResponse as MotoAthenaResponse

from cookiecutter_mlops.localaws.athena import queries
from cookiecutter_mlops.localaws.athena.exceptions import InvalidRequestException
from cookiecutter_mlops.localaws.athena.models import Execution
from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.iam import acting

_RESULTS = ("OutputLocation", "EncryptionConfiguration", "ExpectedBucketOwner", "AclConfiguration")
_MOST = 1000  # rows of an answer


class AthenaResponse(MotoAthenaResponse):
    def start_query_execution(self) -> str:
        with acting.acting(acting.caller(self.access_key, self.region)):
            return json.dumps({"QueryExecutionId": queries.start(self.athena_backend, json.loads(self.body)).id})

    def get_query_execution(self) -> str:
        return json.dumps({"QueryExecution": self._execution().shown()})

    def batch_get_query_execution(self) -> str:
        known: dict[str, Any] = self.athena_backend.executions
        asked = json.loads(self.body)["QueryExecutionIds"]
        missing = [
            {"QueryExecutionId": each, "ErrorCode": "InvalidRequestException", "ErrorMessage": _unknown(each)}
            for each in asked
            if each not in known
        ]
        found = [known[each].shown() for each in asked if each in known]
        return json.dumps({"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing})

    def list_query_executions(self) -> str:
        request = json.loads(self.body)
        name, known = request.get("WorkGroup") or "primary", self.athena_backend.executions
        found = [each.id for each in reversed(list[Any](known.values())) if each.workgroup == name]
        return json.dumps(_page(found, request, "QueryExecutionIds", 50))

    def stop_query_execution(self) -> str:
        """What is over stays as it ended, as on AWS."""
        self._execution()
        return "{}"

    def get_query_results(self) -> str:
        """Rows as texts; of a SELECT, the first row of all has the columns' names."""
        execution, request = self._execution(), json.loads(self.body)
        if execution.state != "SUCCEEDED":
            state = f"Final query state: {execution.state}"
            raise InvalidRequestException(f"Query did not finish successfully. {state}")
        lines = [[column.name for column in execution.columns], *execution.rows]
        page = _page(lines, request, "Rows", _MOST)
        rows = [
            {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in line]} for line in page.pop("Rows")
        ]
        shown = [column.shown() for column in execution.columns]
        result = {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": shown}}
        return json.dumps({"UpdateCount": 0, "ResultSet": result, **page})

    def get_query_runtime_statistics(self) -> str:
        raise NotEmulated("athena:GetQueryRuntimeStatistics")

    def update_work_group(self) -> str:
        request = json.loads(self.body)
        group = self.athena_backend.work_groups.get(request["WorkGroup"])
        if group is None:
            raise InvalidRequestException(f"WorkGroup {request['WorkGroup']} is not found.")
        group.description = request.get("Description", group.description)
        group.state = request.get("State", group.state)
        _change(group.configuration, request.get("ConfigurationUpdates") or {})
        return "{}"

    def delete_named_query(self) -> str:
        identifier = json.loads(self.body)["NamedQueryId"]
        if self.athena_backend.named_queries.pop(identifier, None) is None:
            raise InvalidRequestException(f"NamedQuery {identifier} is not found.")
        return "{}"

    def _execution(self) -> Execution:
        identifier = json.loads(self.body)["QueryExecutionId"]
        known: dict[str, Any] = self.athena_backend.executions
        if identifier not in known:
            raise InvalidRequestException(_unknown(identifier))
        return known[identifier]


def _unknown(identifier: str) -> str:
    return f"QueryExecution {identifier} was not found"


def _page(items: list[Any], request: dict[str, Any], name: str, most: int) -> dict[str, Any]:
    """A page of a list; the token is where the next one begins."""
    token, size = request.get("NextToken") or "0", int(request.get("MaxResults") or most)
    if not token.isdigit() or int(token) > len(items):
        raise InvalidRequestException(f"NextToken {token} is not valid.")
    end = int(token) + size
    return {name: items[int(token) : end]} | ({"NextToken": str(end)} if end < len(items) else {})


def _change(configuration: dict[str, Any], updates: dict[str, Any]) -> None:
    """Apply `ConfigurationUpdates` to a workgroup: what is named is set, and `Remove…` takes away."""
    results = updates.pop("ResultConfigurationUpdates", {})
    if updates.pop("RemoveBytesScannedCutoffPerQuery", False):
        configuration.pop("BytesScannedCutoffPerQuery", None)
    configuration.update(updates)
    kept = configuration.setdefault("ResultConfiguration", {})
    for name in _RESULTS:
        if results.get(f"Remove{name}"):
            kept.pop(name, None)
        elif name in results:
            kept[name] = results[name]
