"""EC2's security groups: a rule keeps its description whatever it points at, and one of all protocols can be changed.

moto keeps descriptions of address ranges only, and wants ports where there are none.
"""

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
