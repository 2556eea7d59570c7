"""Each rule notices the module that is broken for it: HCL is edited, planned again, and the rule must point there."""

import re

import pytest

import tests.policy.rules  # noqa: F401  registers them
from cookiecutter_mlops import scaffold
from tests.policy.mutation import batches
from tests.policy.mutations import MUTATIONS
from tests.policy.rule import RULES, violations
from tests.terraform.conftest import MODULES

pytestmark = pytest.mark.xdist_group("policy")
BATCHES = batches(MUTATIONS)
NUMBERED = [(number, mutation) for number, batch in enumerate(BATCHES) for mutation in batch]


@pytest.fixture(scope="module")
def broken(full_project, tmp_path_factory):
    """The violations of every group of mutations."""

    def make(batch):
        folder = tmp_path_factory.mktemp("broken") / "project"
        return lambda: full_project.plan(folder, lambda terraform: [mutation.apply(terraform) for mutation in batch])

    plans = full_project.plans({number: make(batch) for number, batch in enumerate(BATCHES)})
    return {number: violations(plan) for number, plan in plans.items()}


def test_every_rule_has_a_mutation():
    assert {mutation.rule for mutation in MUTATIONS} == set(RULES)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_mutation_still_fits_its_file(mutation):
    root = scaffold.template() / "{{cookiecutter.project_slug}}" / "terraform"
    file = root / mutation.file[3:] if mutation.file.startswith("../") else MODULES / mutation.file
    assert mutation.edited(file.read_text()) != file.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "mutation"), NUMBERED, ids=[str(mutation) for _, mutation in NUMBERED])
def test_rule_notices_the_broken_module(number, mutation, broken):
    found = [violation.address for violation in broken[number] if violation.rule == mutation.rule]
    # Of a module that may be absent, the address has an index.
    assert any(re.search(mutation.at, address.replace("[0]", "")) for address in found), found


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_no_other_rule_fires(number, broken):
    assert {violation.rule for violation in broken[number]} == {mutation.rule for mutation in BATCHES[number]}
