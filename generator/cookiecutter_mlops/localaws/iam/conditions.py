"""The condition operators of IAM.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import functools
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cookiecutter_mlops.localaws.extension import NotEmulated

Context = Mapping[str, list[str]]  # condition keys in lower case; a key that the request has not is missing
Compare = Callable[[str, str], bool]

_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class Unresolved(LookupError):
    """A policy variable names a key that the request does not have: the element then matches nothing."""


def holds(condition: Mapping[str, Mapping[str, Any]], context: Context, check_key: Callable[[str], None]) -> bool:
    """Say whether every operator of a Condition block is met; `check_key` refuses keys that nobody fills in.

    Raises NotEmulated for an operator that IAM does not have.
    """
    for name, keys in condition.items():
        qualifier, operator, optional = _parts(name)
        for key, wanted in keys.items():
            check_key(key)
            values = [_text(value) for value in wanted] if isinstance(wanted, list) else [_text(wanted)]
            if not _met(qualifier, operator, optional, context.get(key.lower()), values, context):
                return False
    return True


def check(condition: Mapping[str, Any]) -> None:
    """Raise NotEmulated where a Condition block has an operator that IAM does not have."""
    for name in condition:
        _parts(name)


@functools.lru_cache(maxsize=256)
def _parts(name: str) -> tuple[str, str, bool]:
    found = _OPERATOR.fullmatch(name)
    operator = found[2] if found else name
    if not found or (operator not in _OPERATORS and operator != "Null") or (operator == "Null" and found[3]):
        raise NotEmulated(f"the condition operator {name}: IAM has no such operator")
    return found[1] or "", operator, bool(found[3])


def _met(
    qualifier: str, operator: str, optional: bool, present: list[str] | None, wanted: list[str], context: Context
) -> bool:
    if operator == "Null":
        return any((present is None) == (value.lower() == "true") for value in wanted)
    if not present:  # anything is true of all values of an empty set; of a missing value only what is negated
        return optional or (qualifier == "ForAllValues" if qualifier else _OPERATORS[operator][1])
    compare, negated, wild = _OPERATORS[operator]
    patterns = _resolved(wanted, context, wild)

    def matches(value: str) -> bool:
        return any(compare(value, pattern) for pattern in patterns) != negated

    every = qualifier == "ForAllValues" or (negated and not qualifier)
    return (all if every else any)(map(matches, present))


def _resolved(wanted: list[str], context: Context, wild: bool) -> list[str]:
    patterns = []
    for value in wanted:
        try:
            patterns.append(substitute(value, context, wild))
        except Unresolved:
            continue
    return patterns


def substitute(text: str, context: Context, wild: bool = True) -> str:
    """Fill in policy variables such as `${aws:username}`; a filled-in value is literal, also where `*` is a wildcard.

    Literal wildcards are written as the control characters that `wildcard` knows.
    """
    if "${" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name, comma, default = match[1].partition(",")
        if name in ("*", "?", "$"):
            return _literal(name) if wild else name
        found = context.get(name.strip().lower()) or ([default.strip().strip("'")] if comma else [])
        if len(found) != 1:
            raise Unresolved(name)
        return _literal(found[0]) if wild else found[0]

    return _VARIABLE.sub(value, text)


def _literal(text: str) -> str:
    return text.replace("*", "\1").replace("?", "\2")


@functools.lru_cache(maxsize=4096)
def wildcard(pattern: str) -> re.Pattern[str]:
    """Compile a pattern in which `*` stands for any text and `?` for one character."""
    text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(text.replace("\1", r"\*").replace("\2", r"\?"), re.DOTALL)


def _like(value: str, pattern: str) -> bool:
    return wildcard(pattern).fullmatch(value) is not None


def _arn_like(value: str, pattern: str) -> bool:
    """Compare the six parts of two ARNs one by one, so that a wildcard does not cross a colon."""
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    if pattern == "*":
        return True
    return len(values) == len(patterns) == 6 and all(map(_like, values, patterns))


def _ignoring_case(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


def _equal(value: str, wanted: str) -> bool:
    return value == wanted


def _in_network(value: str, wanted: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)


def _numeric(compare: Callable[[float, float], bool]) -> Compare:
    return lambda value, wanted: compare(float(value), float(wanted))


def _date(compare: Callable[[float, float], bool]) -> Compare:
    return lambda value, wanted: compare(_seconds(value), _seconds(wanted))


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# Each operator: the comparison, whether it is denied, and whether wildcards count.
_OPERATORS: dict[str, tuple[Compare, bool, bool]] = {
    "StringEquals": (_equal, False, False),
    "StringNotEquals": (_equal, True, False),
    "StringEqualsIgnoreCase": (_ignoring_case, False, False),
    "StringNotEqualsIgnoreCase": (_ignoring_case, True, False),
    "StringLike": (_like, False, True),
    "StringNotLike": (_like, True, True),
    "Bool": (_ignoring_case, False, False),
    "BinaryEquals": (_equal, False, False),
    "IpAddress": (_in_network, False, False),
    "NotIpAddress": (_in_network, True, False),
    "ArnEquals": (_arn_like, False, True),
    "ArnLike": (_arn_like, False, True),
    "ArnNotEquals": (_arn_like, True, True),
    "ArnNotLike": (_arn_like, True, True),
}
for _kind, _wrap in (("Numeric", _numeric), ("Date", _date)):
    _OPERATORS |= {
        f"{_kind}Equals": (_wrap(lambda a, b: a == b), False, False),
        f"{_kind}NotEquals": (_wrap(lambda a, b: a == b), True, False),
        f"{_kind}LessThan": (_wrap(lambda a, b: a < b), False, False),
        f"{_kind}LessThanEquals": (_wrap(lambda a, b: a <= b), False, False),
        f"{_kind}GreaterThan": (_wrap(lambda a, b: a > b), False, False),
        f"{_kind}GreaterThanEquals": (_wrap(lambda a, b: a >= b), False, False),
    }
