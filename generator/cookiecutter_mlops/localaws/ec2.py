"""EC2: a rule of a security group keeps its description whatever it points at; moto's does for address ranges only."""

from typing import Any

from cookiecutter_mlops.localaws import extension

_TARGETS = slice(6, 8)  # source group and prefix list among moto's positional arguments


def install() -> None:
    extension.at_first_request("ec2", _keep_descriptions)  # loading moto's EC2 takes seconds and 100 MB


def _keep_descriptions() -> None:
    from moto.ec2.models.security_groups import SecurityGroupRule

    moto_init = SecurityGroupRule.__init__

    def __init__(rule: SecurityGroupRule, *arguments: Any, **options: Any) -> None:
        moto_init(rule, *arguments, **options)
        for target in arguments[_TARGETS]:
            if target and "Description" in target:
                rule.ip_range["Description"] = target["Description"]  # where moto looks for it

    SecurityGroupRule.__init__ = __init__  # type: ignore[method-assign,assignment]
