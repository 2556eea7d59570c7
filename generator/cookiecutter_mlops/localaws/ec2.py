"""EC2: a rule of a security group keeps its description whatever it points at; moto's does for address ranges only."""

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

_TARGETS = slice(6, 8)  # source group and prefix list among moto's positional arguments


def install() -> None:
    moto_init = SecurityGroupRule.__init__

    def __init__(rule: SecurityGroupRule, *arguments: Any, **options: Any) -> None:
        moto_init(rule, *arguments, **options)
        for target in arguments[_TARGETS]:
            if target and "Description" in target:
                rule.ip_range["Description"] = target["Description"]  # where moto looks for it

    SecurityGroupRule.__init__ = __init__  # type: ignore[method-assign,assignment]
