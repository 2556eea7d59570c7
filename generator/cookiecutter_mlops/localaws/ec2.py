"""EC2's security groups: a rule keeps its description whatever it points at, and one of all protocols can be changed.

moto keeps descriptions of address ranges only, takes those of others for part of what a rule is, and wants ports where
there are none.
"""

import copy
from typing import Any

from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule

_TARGETS = slice(6, 8)  # source group and prefix list among moto's positional arguments


def install() -> None:
    moto_init = SecurityGroupRule.__init__

    def __init__(rule: SecurityGroupRule, *arguments: Any, **options: Any) -> None:
        moto_init(rule, *arguments, **options)
        for target in arguments[_TARGETS]:
            if target and "Description" in target:
                rule.ip_range["Description"] = target["Description"]  # where moto looks for it

    SecurityGroupRule.__init__ = __init__  # type: ignore[method-assign,assignment]
    moto_modify = SecurityGroupBackend.modify_security_group_rules

    def modify(backend: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
        portless = {"FromPort": -1, "ToPort": -1}
        rules = {name: (portless if rule.get("IpProtocol") == "-1" else {}) | rule for name, rule in rules.items()}
        moto_modify(backend, group_id, rules)

    SecurityGroupBackend.modify_security_group_rules = modify  # type: ignore[method-assign,assignment]
    _describe_all_targets()


def _describe_all_targets() -> None:
    """Let a rule be the same one with another description, and give it that."""
    moto_equal, moto_update = SecurityGroupRule.__eq__, SecurityGroupBackend._sg_update_description

    def __eq__(rule: SecurityGroupRule, other: SecurityGroupRule) -> bool:
        return moto_equal(_undescribed(rule), _undescribed(other))

    def update(backend: Any, described: SecurityGroupRule, rule: SecurityGroupRule) -> None:
        moto_update(backend, described, rule)
        for member in ("ip_range", "source_group", "prefix_list_id"):
            target = getattr(described, member)
            if isinstance(target, dict) and (text := target.get("Description")):
                getattr(rule, member)["Description"] = text

    SecurityGroupRule.__eq__ = __eq__  # type: ignore[method-assign,assignment]
    SecurityGroupBackend._sg_update_description = update  # type: ignore[method-assign,assignment]


def _undescribed(rule: SecurityGroupRule) -> SecurityGroupRule:
    bare = copy.copy(rule)
    for member in ("source_group", "prefix_list_id"):
        target = getattr(rule, member) or {}
        if isinstance(target, dict):  # a prefix list is its id alone
            setattr(bare, member, {name: value for name, value in target.items() if name != "Description"})
    return bare
