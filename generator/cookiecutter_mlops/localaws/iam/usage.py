"""Which permissions of a role were needed: without each of them, something that happened would have been refused.

Nothing is run again for it. Every request that a role was allowed is in the log with its condition keys, and is
decided once more, by the same code, with one action less in the role's policies.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cookiecutter_mlops.localaws.iam import authorization, evaluation, policies
from cookiecutter_mlops.localaws.iam.conditions import wildcard
from cookiecutter_mlops.localaws.iam.evaluation import Principal, Request

Document = dict[str, Any]
Statements = list[Document]


@dataclass(frozen=True, order=True)
class Permission:
    """One action that a statement of a role allows, as the policy writes it."""

    role: str
    statement: str
    action: str


def unneeded(iam: Any, home: Path) -> list[Permission]:
    """Return what roles are allowed, and could have done without; `iam` is a client of the embedded AWS in `home`."""
    return sorted(set(granted(iam)) - needed(iam, home))


def granted(iam: Any) -> list[Permission]:
    """Return every action that an inline policy of a role allows."""
    return [permission for role in _roles(iam) for permission in _permissions(role, _statements(iam, role))]


def needed(iam: Any, home: Path) -> set[Permission]:
    """Return the permissions without which a request that was allowed would have been refused."""
    asked = requests(home)
    return {
        permission
        for role in _roles(iam)
        if asked[role]
        for statements in [_statements(iam, role)]
        for permission in _permissions(role, statements)
        if any(_hangs_on(request, permission, statements) for request in asked[role])
    }


def entries(home: Path) -> list[Document]:
    """Return every decision in the log, oldest first, but for one that is being written this moment."""
    log = home / authorization.LOG
    return [json.loads(line) for line in log.read_text().split("\n")[:-1]] if log.exists() else []


def requests(home: Path) -> dict[str, list[Request]]:
    """Return what each role was allowed by its own policies, in the order in which it was first asked for."""
    found: dict[str, list[Request]] = defaultdict(list)
    for entry in entries(home):
        if entry["allowed"] and entry["policy"] == "identity-based policy":
            who = Principal(entry["principal"], role=entry["role"])
            found[entry["role"]].append(Request(who, entry["action"], entry["resource"], entry["context"]))
    return found


def without(statements: Statements, action: str, sid: str | None = None) -> Statements:
    """Return statements that do not allow an action any more: all of them, or the one with this Sid."""
    less = []
    for statement in statements:
        if statement["Effect"] == "Allow" and "Action" in statement and sid in (None, statement.get("Sid", "")):
            statement = statement | {"Action": [other for other in _actions(statement) if other != action]}
        if statement.get("Action") != []:  # a statement about nothing is none
            less.append(statement)
    return less


def _hangs_on(request: Request, permission: Permission, statements: Statements) -> bool:
    """Say whether a request is allowed, and would not be without a permission."""
    if not wildcard(permission.action.lower()).fullmatch(request.action.lower()):
        return False
    less = without(statements, permission.action, permission.statement)
    return _allowed(request, statements) and not _allowed(request, less)


def _allowed(request: Request, statements: Statements) -> bool:
    policy = policies.parse(json.dumps({"Statement": statements}))
    return evaluation.granting(request, [policy]) is not None


def _permissions(role: str, statements: Statements) -> Iterator[Permission]:
    for statement in statements:
        if statement["Effect"] == "Allow":
            yield from (Permission(role, statement.get("Sid", ""), action) for action in _actions(statement))


def _roles(iam: Any) -> list[str]:
    return list(iam.get_paginator("list_roles").paginate().search("Roles[].RoleName"))


def _statements(iam: Any, role: str) -> Statements:
    """Return the statements of a role's inline policies."""
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    return [s for d in documents for s in (d["Statement"] if isinstance(d["Statement"], list) else [d["Statement"]])]


def _actions(statement: Document) -> list[str]:
    found = statement.get("Action", [])
    return found if isinstance(found, list) else [found]
