"""Athena's operations that moto lacks: a workgroup is changed, a saved query deleted."""

import json
from typing import Any

from moto.athena.responses import AthenaResponse as MotoAthenaResponse

from cookiecutter_mlops.localaws import extension
from cookiecutter_mlops.localaws.extension import AwsError

_RESULTS = ("OutputLocation", "EncryptionConfiguration", "ExpectedBucketOwner", "AclConfiguration")


class AthenaResponse(MotoAthenaResponse):
    def update_work_group(self) -> str:
        request = json.loads(self.body)
        group = self.athena_backend.work_groups.get(request["WorkGroup"])
        if group is None:
            raise AwsError("InvalidRequestException", f"WorkGroup {request['WorkGroup']} is not found.")
        group.description = request.get("Description", group.description)
        group.state = request.get("State", group.state)
        _change(group.configuration, request.get("ConfigurationUpdates") or {})
        return "{}"

    def delete_named_query(self) -> str:
        identifier = json.loads(self.body)["NamedQueryId"]
        if self.athena_backend.named_queries.pop(identifier, None) is None:
            raise AwsError("InvalidRequestException", f"NamedQuery {identifier} is not found.")
        return "{}"


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


def install() -> None:
    extension.swap_responses("athena", AthenaResponse)
