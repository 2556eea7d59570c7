"""Which permissions of a role were used: what it is allowed, and never needed, is a candidate for removal."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws.iam import authorization
from cookiecutter_mlops.localaws.iam.conditions import wildcard


@dataclass(frozen=True, order=True)
class Permission:
    """One action that a statement of a role allows, as the policy writes it."""

    role: str
    statement: str
    action: str


def unused(iam: Any, home: Path) -> list[Permission]:
    """Return what the roles of an account allow and nobody used; `iam` is a client of the embedded AWS in `home`."""
    used = list(_used(home / authorization.LOG))
    return sorted(p for p in granted(iam) if not any(_covers(p, *entry) for entry in used))


def granted(iam: Any) -> Iterator[Permission]:
    """Return every action that an inline policy of a role allows."""
    for role in iam.get_paginator("list_roles").paginate().search("Roles[].RoleName"):
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            yield from (Permission(role, sid, action) for sid, action in _allowed(document["Statement"]))


def _allowed(statements: list[dict[str, Any]] | dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the name of a statement and an action, for each action that is allowed."""
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement["Effect"] == "Allow":
            actions = statement.get("Action", [])
            yield from ((statement.get("Sid", ""), a) for a in (actions if isinstance(actions, list) else [actions]))


def _used(log: Path) -> Iterator[tuple[str, str, str]]:
    """Return role, statement and action of everything that was allowed."""
    for line in log.read_text().splitlines() if log.exists() else ():
        entry = json.loads(line)
        if entry["allowed"]:
            yield entry["role"], entry["statement"], entry["action"]


def _covers(permission: Permission, role: str, statement: str, action: str) -> bool:
    same = (permission.role, permission.statement) == (role, statement)
    return same and wildcard(permission.action.lower()).fullmatch(action.lower()) is not None
