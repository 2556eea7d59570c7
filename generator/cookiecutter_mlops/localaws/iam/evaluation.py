"""Whether a request is allowed: explicit denies first, then resource policies, boundary, session and identity policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from cookiecutter_mlops.localaws.iam.conditions import Context
from cookiecutter_mlops.localaws.iam.policies import Policy, Statement

# Resources that nobody reaches unless their own policy says so; it may hand the decision to the account's IAM.
_OWN_POLICY_DECIDES = ("kms:", "sts:assumerole")


@dataclass(frozen=True)
class Principal:
    """Who asks: a session of a role, a user, or an AWS service; `sessions` is None without a session policy."""

    arn: str
    account: str = ""
    role: str = ""  # ARN of the role behind a session
    service: str = ""  # of a service that acts for itself, for example events.amazonaws.com
    identity: Sequence[Policy] = ()
    boundary: Policy | None = None
    sessions: Sequence[Policy] | None = None


@dataclass(frozen=True)
class Request:
    """One action on one resource. `context` holds the condition keys' values, `check_key` refuses unknown keys."""

    principal: Principal
    action: str
    resource: str
    context: Context = field(default_factory=dict)
    check_key: Callable[[str], None] = lambda key: None


@dataclass(frozen=True)
class Decision:
    """The answer, the reason in AWS's words where it is no, and the statement that decided where there is one."""

    allowed: bool
    reason: str = ""
    kind: str = ""
    statement: Statement | None = None


def decide(request: Request, resource_policies: Sequence[Policy] = (), account: str = "") -> Decision:
    """Evaluate a request; `account` is the resource's owner, whose absence means the principal's own account."""
    principal = request.principal
    if denial := _explicit_denial(request, resource_policies):
        return denial
    grants = dict(_resource_grants(request, resource_policies))
    if principal.service:
        return _by(grants, "service", "anyone") or _implicit("resource-based policy", request)
    if account and account != principal.account:
        granted = _by(grants, "principal", "role", "account", "anyone")
        return _identity(request, {}) if granted else _implicit("resource-based policy", request)
    if request.resource != "*" and request.action.lower().startswith(_OWN_POLICY_DECIDES) and not grants:
        return _implicit("resource-based policy", request)
    return _by(grants, "principal") or _identity(request, grants)


def _identity(request: Request, grants: dict[str, Statement]) -> Decision:
    """Ask the policies of the principal; a resource policy that names its role spares only the identity policies."""
    principal = request.principal
    if principal.boundary is not None and not granting(request, [principal.boundary]):
        return _implicit("permissions boundary", request)
    if principal.sessions is not None and not granting(request, principal.sessions):
        return _implicit("session policy", request)
    if granted := _by(grants, "role", "anyone"):
        return granted
    statement = granting(request, principal.identity)
    if not statement:
        return _implicit("identity-based policy", request)
    return Decision(True, kind="identity-based policy", statement=statement)


def _explicit_denial(request: Request, resource_policies: Sequence[Policy]) -> Decision | None:
    principal = request.principal
    for article, kind, policies in (
        ("an", "identity-based policy", principal.identity),
        ("a", "permissions boundary", [principal.boundary] if principal.boundary is not None else []),
        ("a", "session policy", principal.sessions or ()),
    ):
        for statement in _statements(request, policies, "Deny"):
            return Decision(False, f"with an explicit deny in {article} {kind}", kind, statement)
    for statement in _statements(request, resource_policies, "Deny"):
        if _relation(statement, principal):
            kind = "resource-based policy"
            return Decision(False, f"with an explicit deny in a {kind}", kind, statement)
    return None


def _resource_grants(request: Request, policies: Sequence[Policy]) -> Iterator[tuple[str, Statement]]:
    for statement in _statements(request, policies, "Allow"):
        if relation := _relation(statement, request.principal):
            yield relation, statement


def _relation(statement: Statement, principal: Principal) -> str:
    """Say how a statement of a resource policy names the principal; empty where it does not."""
    if statement.not_principal is not None:
        return "" if any(_named(pair, principal) for pair in statement.not_principal) else "anyone"
    return next(filter(None, (_named(pair, principal) for pair in statement.principal or ())), "")


def _named(pair: tuple[str, str], principal: Principal) -> str:
    kind, value = pair
    if kind == "*":
        return "anyone"
    if kind == "Service":
        return "service" if value == principal.service else ""
    if kind != "AWS" or principal.service:
        return ""
    if value == principal.arn:
        return "principal"
    if value == principal.role:
        return "role"
    return "account" if value in (principal.account, _root(principal)) else ""


def _root(principal: Principal) -> str:
    partition = principal.arn.split(":")[1]
    return f"arn:{partition}:iam::{principal.account}:root"


def granting(request: Request, policies: Sequence[Policy]) -> Statement | None:
    """Return the first statement of these policies that allows a request, whatever others say of it."""
    return next(_statements(request, policies, "Allow"), None)


def _statements(request: Request, policies: Sequence[Policy], effect: str) -> Iterator[Statement]:
    for policy in policies:
        for statement in policy:
            if statement.effect == effect and statement.covers(
                request.action, request.resource, request.context, request.check_key
            ):
                yield statement


def _by(grants: dict[str, Statement], *relations: str) -> Decision | None:
    for relation in relations:
        if relation in grants:
            return Decision(True, kind="resource-based policy", statement=grants[relation])
    return None


def _implicit(kind: str, request: Request) -> Decision:
    return Decision(False, f"because no {kind} allows the {request.action} action", kind)
