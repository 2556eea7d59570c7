"""What a rule is: which parts of a plan it looks at, and what is wrong with one of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.policy.plan import Plan, Resource, Statement

Subject = Resource | Statement
RULES: dict[str, "Rule"] = {}


@dataclass(frozen=True)
class Violation:
    """A rule that does not hold for one part of a plan."""

    rule: str
    address: str
    problem: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.address}: {self.problem}"


@dataclass(frozen=True)
class Rule:
    """A control: `check` tells what is wrong with one of its subjects, or nothing."""

    name: str
    control: str
    subjects: Callable[[Plan], Iterable[Subject]]
    check: Callable[[Subject, Plan], str | None]

    def violations(self, plan: Plan) -> list[Violation]:
        found = [(subject, self.check(subject, plan)) for subject in self.subjects(plan)]
        return [Violation(self.name, subject.address, problem) for subject, problem in found if problem]


def rule(subjects: Callable[[Plan], Iterable[Subject]]) -> Callable[[Callable], Callable]:
    """Register a check under its function's name, with its docstring as the control that reviewers read."""

    def register(check: Callable) -> Callable:
        name = check.__name__.replace("_", "-")
        assert name not in RULES, f"two rules are called {name}"
        RULES[name] = Rule(name, " ".join(check.__doc__.split()), subjects, check)
        return check

    return register


def each(*types: str) -> Callable[[Plan], list[Resource]]:
    """Look at every resource of some types."""
    return lambda plan: plan.of(*types)


def allowing(kind: str, *actions: str) -> Callable[[Plan], list[Statement]]:
    """Look at every statement of a kind that allows one of some actions (or, without any, at all that allow)."""

    def subjects(plan: Plan) -> list[Statement]:
        allowed = [statement for statement in plan.statements if statement.kind == kind and statement.allows]
        return [statement for statement in allowed if not actions or any(map(statement.covers, actions))]

    return subjects


def violations(plan: Plan) -> list[Violation]:
    """Return what every rule finds in a plan."""
    return [violation for each in RULES.values() for violation in each.violations(plan)]
