"""Policy documents, read once: which statements apply to an action, a resource and a principal."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.iam import conditions
from cookiecutter_mlops.localaws.iam.conditions import Context

VERSIONS = ("2012-10-17", "2008-10-17")


class MalformedPolicy(AwsError):
    def __init__(self, message: str) -> None:
        super().__init__("MalformedPolicyDocument", message)


@dataclass(frozen=True)
class Statement:
    """One statement; what it leaves out is None."""

    effect: str
    sid: str = ""
    action: tuple[str, ...] | None = None
    not_action: tuple[str, ...] | None = None
    resource: tuple[str, ...] | None = None
    not_resource: tuple[str, ...] | None = None
    principal: tuple[tuple[str, str], ...] | None = None  # pairs of kind and value; ("*", "*") is everybody
    not_principal: tuple[tuple[str, str], ...] | None = None
    condition: Mapping[str, Mapping[str, Any]] | None = None

    def covers(self, action: str, resource: str, context: Context, check_key: Callable[[str], None]) -> bool:
        """Say whether action, resource and conditions are those of this statement, whoever asks."""
        return (
            self._covers_action(action.lower())
            and self._covers_resource(resource, context)
            and (not self.condition or conditions.holds(self.condition, context, check_key))
        )

    def _covers_action(self, action: str) -> bool:
        if self.action is not None:
            return any(_matches(pattern, action) for pattern in self.action)
        return not any(_matches(pattern, action) for pattern in self.not_action or ())

    def _covers_resource(self, resource: str, context: Context) -> bool:
        if self.resource is not None:
            return any(_names(pattern, resource, context) for pattern in self.resource)
        if self.not_resource is not None:
            return not any(_names(pattern, resource, context) for pattern in self.not_resource)
        return True  # a trust policy: its resource is the role itself


Policy = tuple[Statement, ...]


@functools.lru_cache(maxsize=2048)
def parse(document: str) -> Policy:
    """Read a policy's JSON text; the same text is read once.

    Raises MalformedPolicy as IAM does for what is no policy, and NotEmulated for an operator that IAM does not have.
    """
    try:
        content = json.loads(document)
    except ValueError as error:
        raise MalformedPolicy(f"The policy is not valid JSON: {error}") from None
    if not isinstance(content, dict) or "Statement" not in content:
        raise MalformedPolicy("Syntax errors in policy: it has no Statement.")
    if content.get("Version", VERSIONS[1]) not in VERSIONS:
        raise MalformedPolicy(f"The policy must contain a valid version string, got {content['Version']!r}.")
    statements = content["Statement"]
    return tuple(_statement(item) for item in (statements if isinstance(statements, list) else [statements]))


def _statement(item: dict[str, Any]) -> Statement:
    if item.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy(f"Syntax errors in policy: Effect must be Allow or Deny, got {item.get('Effect')!r}.")
    if ("Action" in item) == ("NotAction" in item):
        raise MalformedPolicy("Syntax errors in policy: a statement has either Action or NotAction.")
    conditions.check(item.get("Condition") or {})
    return Statement(
        effect=item["Effect"],
        sid=item.get("Sid", ""),
        action=_texts(item.get("Action"), lower=True),
        not_action=_texts(item.get("NotAction"), lower=True),
        resource=_texts(item.get("Resource")),
        not_resource=_texts(item.get("NotResource")),
        principal=_principals(item.get("Principal")),
        not_principal=_principals(item.get("NotPrincipal")),
        condition=item.get("Condition") or None,
    )


def _texts(value: Any, lower: bool = False) -> tuple[str, ...] | None:
    if value is None:
        return None
    texts = value if isinstance(value, list) else [value]
    return tuple(str(text).lower() if lower else str(text) for text in texts)


def _principals(value: Any) -> tuple[tuple[str, str], ...] | None:
    if value is None:
        return None
    if value == "*":
        return (("*", "*"),)
    if not isinstance(value, dict):
        raise MalformedPolicy(f"Invalid principal in policy: {value!r}.")
    pairs = [(kind, text) for kind, texts in value.items() for text in _texts(texts) or ()]
    return tuple(("*", "*") if pair == ("AWS", "*") else pair for pair in pairs)


@functools.lru_cache(maxsize=16384)
def _matches(pattern: str, text: str) -> bool:
    return conditions.wildcard(pattern).fullmatch(text) is not None


def _names(pattern: str, resource: str, context: Context) -> bool:
    try:
        return _matches(conditions.substitute(pattern, context), resource)
    except conditions.Unresolved:
        return False
