"""The generated parts of docs/iam.md and docs/security.md.

    UPDATE_DOCS=1 .venv/bin/pytest tests/policy/test_documents.py

writes them anew; without it the same tests fail when they are stale.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import tests.policy.rules  # noqa: F401  registers them
from tests.policy.mutations import MUTATIONS
from tests.policy.plan import Plan, Resource, Statement
from tests.policy.rule import RULES
from tests.policy.suppressions import suppressions

DOCS = Path(__file__).resolve().parents[2] / "docs"
BEGIN, END = "<!-- begin: written by tests/policy/documents.py -->", "<!-- end -->"
# What differs from account to account, or from run to run.
PLACEHOLDERS = {
    r"\b123456789012\b": "<account>",
    r"\beu-west-1\b": "<region>",
    r"\bcall-quality\b": "<project>",
    r"\bkey/[0-9a-f-]{36}": "key/<key>",
    r"\b(subnet|sg|vpce|vpc)-[0-9a-f]{8,}": r"<\1>",
}


def anonymous(text: str) -> str:
    """Return a text with placeholders for what is another project's elsewhere."""
    for pattern, placeholder in PLACEHOLDERS.items():
        text = re.sub(pattern, placeholder, text)
    return text


def _cell(values: list[str]) -> str:
    return "<br>".join(f"`{value}`" for value in sorted({anonymous(value) for value in values}))


def _conditions(statement: Statement) -> str:
    found = [
        f"{key} {operator} {', '.join(sorted(values if isinstance(values, list) else [values]))}"
        for operator, keys in statement.body.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return _cell(found)


def statements(plan: Plan) -> Iterator[tuple[Resource, list[Statement]]]:
    """Yield each role, by its name, with the statements of its policies, by theirs."""
    for role in sorted(plan.of("aws_iam_role"), key=lambda each: each.values["name"]):
        policies = {policy.address for policy in plan.beside(role, "aws_iam_role_policy", "role")}
        yield role, sorted((s for s in plan.statements if s.address in policies), key=lambda s: s.body.get("Sid", ""))


def roles(plan: Plan) -> Iterator[str]:
    """Yield the lines of one table per role: what it may do, on what, under which condition."""
    for role, rows in statements(plan):
        trusted = [service for s in plan.statements if s.address == role.address for service in s.principals("Service")]
        yield f"\n## {anonymous(role.values['name']).replace('<', '&lt;').replace('>', '&gt;')}\n"
        yield f"Assumed by {_cell(trusted)} of this account.\n"
        yield "| statement | actions | resources | only if |"
        yield "| --- | --- | --- | --- |"
        for s in rows:
            effect = "" if s.allows else "**deny** "
            yield f"| {effect}{s.body.get('Sid', '')} | {_cell(s.actions)} | {_cell(s.resources)} | {_conditions(s)} |"


def controls() -> Iterator[str]:
    """Yield the table of rules, and the table of what checkov is told to leave alone."""
    proofs = Counter(mutation.rule for mutation in MUTATIONS)
    yield "| rule | what it holds | modules broken to prove it |"
    yield "| --- | --- | --- |"
    for rule in sorted(RULES.values(), key=lambda each: (each.check.__module__, each.name)):
        yield f"| `{rule.name}` | {rule.control.replace('|', chr(92) + '|')} | {proofs[rule.name]} |"
    found = suppressions()
    yield f"\n{len(found)} suppressions of checkov, each beside what it is about:\n"
    yield "| module | block | check | reason |"
    yield "| --- | --- | --- | --- |"
    yield from (f"| {each.module} | `{each.block}` | {each.check} | {each.reason} |" for each in found)


def document(name: str, lines: Iterator[str]) -> str:
    """Return a document with its generated part as it should be."""
    text = (DOCS / name).read_text()
    written = "\n".join(lines)
    return re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{written}\n{END}", text, count=1, flags=re.DOTALL)
