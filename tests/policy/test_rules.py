"""Every rule holds in the largest project, and looks at something there."""

import pytest

import tests.policy.rules  # noqa: F401  registers them
from tests.policy.rule import RULES, violations

pytestmark = pytest.mark.xdist_group("policy")


def test_full_project_breaks_no_rule(full_plan):
    assert [str(violation) for violation in violations(full_plan)] == []


@pytest.mark.parametrize("name", RULES)
def test_rule_looks_at_something_in_the_full_project(name, full_plan):
    assert list(RULES[name].subjects(full_plan))
