"""Every permission of every role is proven to be needed, or explained.

Proven: some loop of `tests/loop` was refused something when the same request was decided without it, which the files
of `tests/loop/permissions` keep. Explained: decision 7 says why it stays although no loop here can need it.
"""

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

from cookiecutter_mlops.localaws.iam.usage import Permission
from tests.loop.permissions import SCENARIOS, anonymous, proven
from tests.policy.documents import statements

pytestmark = pytest.mark.xdist_group("policy")
DECISION = Path(__file__).resolve().parents[2] / "docs" / "decisions" / "0007-permissions-that-no-loop-uses.md"


class Explained(NamedTuple):
    """A row of decision 7's table: patterns of roles and actions, and a statement."""

    roles: list[str]
    statements: list[str]
    actions: list[str]

    def covers(self, permission: Permission) -> bool:
        found = (permission.role, permission.statement, permission.action)
        return all(any(fnmatchcase(text, p) for p in patterns) for text, patterns in zip(found, self, strict=True))

    def idle(self, permissions: set[Permission]) -> list[str]:
        """Return the patterns that none of the permissions needs."""
        covered = [(p.role, p.statement, p.action) for p in permissions if self.covers(p)]
        columns = list(zip(*covered, strict=True)) or [(), (), ()]
        return [
            f"{pattern} of {self}"
            for texts, patterns in zip(columns, self, strict=True)
            for pattern in patterns
            if not any(fnmatchcase(text, pattern) for text in texts)
        ]


@pytest.fixture(scope="module")
def granted(full_plan) -> set[Permission]:
    """What the roles of the full project may do."""
    return {
        Permission(anonymous(role.values["name"], "call-quality"), statement.body["Sid"], action)
        for role, rows in statements(full_plan)
        for statement in rows
        if statement.allows
        for action in statement.actions
    }


@pytest.fixture(scope="module")
def explained() -> list[Explained]:
    rows = [row.split("|")[1:4] for row in DECISION.read_text().splitlines() if row.startswith("| `")]
    return [Explained(*(re.findall("`([^`]+)`", cell) for cell in row)) for row in rows]


def test_every_permission_is_proven_or_explained(granted, explained):
    open_ones = sorted(p for p in granted - proven() if not any(row.covers(p) for row in explained))
    assert not open_ones, f"prove them by a loop, explain them in {DECISION.name}, or drop them"


def test_explanation_is_of_permissions_that_are_there_and_that_no_loop_proves(granted, explained):
    unproven = granted - proven()
    stale = [pattern for row in explained for pattern in row.idle(unproven)]
    assert not stale, f"take them out of {DECISION.name}"


def test_proof_is_of_a_permission_that_is_there(granted):
    real_time = [scenario for scenario in SCENARIOS if scenario != "asynchronous"]  # as the full project is
    assert not sorted(proven(real_time) - granted), "run the loops with UPDATE_DOCS=1"
