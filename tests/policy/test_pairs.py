"""Every rule holds for every pair of answers: each is in one of these plans."""

import functools

import pytest

import tests.policy.rules  # noqa: F401  registers them
from cookiecutter_mlops import answers
from tests.pairs import pairwise
from tests.policy.project import FULL, bake
from tests.policy.rule import violations

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("policy")]
USE_CASES = answers.CHOICES["use_case"]
VALUES = {key: values for key, values in answers.CHOICES.items() if key != "use_case"}
VALUES |= {"training_instance_type": ("ml.m5.xlarge", "ml.g5.2xlarge")}
SETTINGS = {
    "as generated": {},
    "spot, builds inside, packages from CodeArtifact": {
        "training": {"use_spot": True},
        "network": {"builds": True, "package_index": {"domain": "acme", "repository": "pypi"}},
    },
    "builds inside, packages through NAT": {"network": {"builds": True, "nat": True}},
}


def allowed(combination: dict[str, str]) -> bool:
    """Tell whether the rules between answers allow a combination, and its settings find the network that they need."""
    repository = "acme/calls" if combination["source"] in answers.CONNECTIONS else ""
    given = {key: value for key, value in combination.items() if key != "settings"}
    inside = combination["settings"] == "as generated" or combination["network"] != "none"
    return inside and not answers.problems({**FULL, "source_repository": repository, **given})


# A use case hardly changes the Terraform, so that each stands in some of the plans, and not in one with every answer.
PAIRS = [
    {"use_case": USE_CASES[number % len(USE_CASES)], **pair}
    for number, pair in enumerate(pairwise({**VALUES, "settings": tuple(SETTINGS)}, allowed))
]
GIVEN = {
    "-".join(pair.values()): (
        {key: value for key, value in pair.items() if key != "settings"},
        SETTINGS[pair["settings"]],
    )
    for pair in PAIRS
}


@pytest.fixture(scope="module")
def plans(full_project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    # One after the other: cookiecutter changes the directory of the whole process.
    baked = {label: bake(folder / str(number), *given) for number, (label, given) in enumerate(GIVEN.items())}
    return full_project.plans({label: functools.partial(full_project.plan_of, baked[label]) for label in baked})


@pytest.mark.parametrize("label", GIVEN)
def test_project_of_any_pair_of_answers_breaks_no_rule(label, plans):
    assert [str(violation) for violation in violations(plans[label])] == []
