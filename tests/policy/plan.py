"""A plan as `terraform show -json` tells it: resources with their planned values, and every statement of every policy.

What is known only after apply reads as `UNKNOWN`: it is set, though not to what. A policy document that waits for such
a value is read from its data source instead, so that no statement goes unseen.
https://developer.hashicorp.com/terraform/internals/json-format
"""

import fnmatch
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

UNKNOWN = "(known after apply)"
IDENTITY_TYPES = ("aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy")


@dataclass(frozen=True)
class Resource:
    """A managed resource; `values` are those that it will have."""

    address: str
    type: str
    module: str
    values: dict[str, Any]
    arguments: dict[str, Any]  # what the configuration gives; the rest is AWS's default, or what was there before

    def gives(self, path: str) -> bool:
        """Tell whether the configuration gives an argument; a path leads through blocks that occur once."""
        found: Any = self.arguments
        for name in path.split("."):
            found = found[0] if isinstance(found, list) else found
            if name not in found:
                return False
            found = found[name]
        return True

    def one(self, block: str) -> dict[str, Any]:
        """Return the values of a block that occurs at most once, {} where it does not."""
        found = self.values.get(block)
        return found[0] if isinstance(found, list) and found else {}


@dataclass(frozen=True)
class Statement:
    """One statement of a policy document; `kind` is trust, identity or resource."""

    address: str
    kind: str
    body: dict[str, Any]

    @property
    def allows(self) -> bool:
        return self.body.get("Effect", "Allow") == "Allow"

    @property
    def actions(self) -> list[str]:
        return listed(self.body.get("Action"))

    @property
    def resources(self) -> list[str]:
        return listed(self.body.get("Resource"))

    def covers(self, action: str) -> bool:
        """Tell whether the statement is about an action, also by a pattern such as `kms:*`."""
        return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in self.actions)

    def principals(self, kind: str) -> list[str]:
        """Return the principals of a kind (Service, AWS, Federated); a bare `*` is everybody in AWS."""
        principal = self.body.get("Principal") or {}
        return listed(principal.get(kind)) if isinstance(principal, dict) else ["*"] if kind == "AWS" else []

    def condition(self, key: str) -> dict[str, list[str]]:
        """Return {operator: values} of the conditions on a key, whose case does not count."""
        conditions = self.body.get("Condition", {}).items()
        return {
            operator: listed(at)
            for operator, keys in conditions
            for name, at in keys.items()
            if name.lower() == key.lower()
        }


class Plan:
    """The resources and policies of one plan."""

    def __init__(self, shown: dict[str, Any]):
        self.shown = shown

    @cached_property
    def resources(self) -> list[Resource]:
        """Every managed resource that there will be after apply."""
        unknown = {change["address"]: change["change"]["after_unknown"] for change in self.shown["resource_changes"]}
        arguments = dict(_arguments(self.shown["configuration"]["root_module"]))
        return [
            Resource(
                address := each["address"],
                each["type"],
                module,
                _with_unknown(each.get("values", {}), unknown[address]),
                arguments[re.sub(r"\[[^]]*]", "", address)],
            )
            for module, each in _planned(self.shown["planned_values"]["root_module"])
            if each["mode"] == "managed"
        ]

    def of(self, *types: str) -> list[Resource]:
        """Return the resources of some types."""
        return [resource for resource in self.resources if resource.type in types]

    def beside(self, resource: Resource, type: str, attribute: str) -> list[Resource]:
        """Return the resources of a type that name `resource` in `attribute`, or that are made anew beside it."""
        names = {resource.values.get(name) for name in ("id", "arn", "name", "bucket")} - {None, UNKNOWN}
        return [
            other
            for other in self.of(type)
            if (value := other.values.get(attribute)) in names or (value == UNKNOWN and other.module == resource.module)
        ]

    def sources(self) -> dict[str, tuple[str, str]]:
        """Return {address without indices: (name of the module's folder, type.name)} of every resource."""
        return dict(_sources(self.shown["configuration"]["root_module"]))

    def documents(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield (address, kind, document) of every policy document whose text is known."""
        for resource in self.resources:
            for attribute, text in resource.values.items():
                # AWS writes policies too, such as a topic's first one; only ours are asked about.
                if isinstance(text, str) and resource.gives(attribute) and (document := _document(text)):
                    yield resource.address, _kind(resource.type, attribute), document

    @cached_property
    def statements(self) -> list[Statement]:
        """Every statement of every policy document, and of those that Terraform can only write during apply."""
        known = [
            Statement(address, kind, body)
            for address, kind, document in self.documents()
            for body in listed(document["Statement"])
        ]
        changes = self.shown["resource_changes"]
        waiting = [
            change for change in changes if change["mode"] == "data" and change["type"] == "aws_iam_policy_document"
        ]
        return known + [statement for change in waiting for statement in _of_data_source(change)]


def listed(value: Any) -> list[Any]:
    """Return one-or-many as a list."""
    return [] if value is None else value if isinstance(value, list) else [value]


def _planned(module: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources", []):
        yield module.get("address", ""), resource
    for child in module.get("child_modules", []):
        yield from _planned(child)


def _arguments(module: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources", []):
        yield prefix + resource["address"], resource.get("expressions", {})
    for name, call in module.get("module_calls", {}).items():
        yield from _arguments(call["module"], f"{prefix}module.{name}.")


def _sources(module: dict[str, Any], prefix: str = "", folder: str = "") -> Iterator[tuple[str, tuple[str, str]]]:
    for resource in module.get("resources", []):
        yield prefix + resource["address"], (folder, resource["address"])
    for name, call in module.get("module_calls", {}).items():
        yield from _sources(call["module"], f"{prefix}module.{name}.", call["source"].split("/")[-1])


def _with_unknown(value: Any, unknown: Any) -> Any:
    """Return a planned value with `UNKNOWN` wherever Terraform marks it so."""
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, dict) and isinstance(value, dict):
        return {key: _with_unknown(value.get(key), unknown.get(key)) for key in value.keys() | unknown.keys()}
    if isinstance(unknown, list) and isinstance(value, list):
        return [_with_unknown(item, mark) for item, mark in zip(value, unknown, strict=False)]
    return value


def _document(text: str) -> dict[str, Any] | None:
    """Return the policy document that a text holds, if it does."""
    if not text.startswith("{") or '"Statement"' not in text:
        return None
    document = json.loads(text)
    return document if "Version" in document and document["Version"] in ("2012-10-17", "2008-10-17") else None


def _kind(type: str, attribute: str) -> str:
    if attribute == "assume_role_policy":
        return "trust"
    return "identity" if type in IDENTITY_TYPES else "resource"


def _of_data_source(change: dict[str, Any]) -> Iterator[Statement]:
    """Yield the statements of an `aws_iam_policy_document` that is read during apply."""
    after = _with_unknown(change["change"]["after"], change["change"]["after_unknown"])
    for block in after["statement"] if isinstance(after["statement"], list) else []:
        if block == UNKNOWN:  # made by a `dynamic` block whose length is not known
            continue
        body = {
            "Sid": block["sid"],
            "Effect": block["effect"] or "Allow",
            "Action": block["actions"],
            "NotAction": block["not_actions"],
            "Resource": block["resources"],
            "NotResource": block["not_resources"],
            "Principal": {each["type"]: each["identifiers"] for each in block["principals"]},
            "Condition": _conditions(block["condition"]),
        }
        trusts = any(action.startswith("sts:AssumeRole") for action in listed(block["actions"]))
        kind = "trust" if trusts and body["Principal"] else "resource" if body["Principal"] else "identity"
        yield Statement(change["address"], kind, {key: value for key, value in body.items() if value})
    for text in after["source_policy_documents"] if isinstance(after["source_policy_documents"], list) else []:
        document = _document(text) if text else None  # one that is unknown itself is read from its own data source
        yield from (
            Statement(change["address"], "identity", body) for body in listed((document or {}).get("Statement"))
        )


def _conditions(blocks: list[dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for block in blocks:
        found.setdefault(block["test"], {})[block["variable"]] = block["values"]
    return found
