"""Every name that Terraform really gives is legal for every slug and region: the names come from the plan."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cookiecutter_mlops import answers
from tests.generator.test_naming import NAMED, SLUGS
from tests.names import fits
from tests.policy.plan import Plan
from tests.policy.project import FULL, FULL_SETTINGS, bake, shown

pytestmark = pytest.mark.xdist_group("policy")
SLUG, REGION = "call-quality", "eu-west-1"
LONGEST_SLUG, LONGEST_REGION = "abcdefghij-klmnopqrs", max(answers.REGIONS, key=len)
# Kinds of names that only some settings make.
MORE = {
    "aws_cloudwatch_dashboard": ("dashboard", "dashboard_name"),
    "aws_iam_role_policy": ("role policy", "name"),
    "aws_sagemaker_notebook_instance_lifecycle_configuration": ("notebook", "name"),
    "aws_codecommit_approval_rule_template": ("approval rule", "name"),
    "aws_codecommit_approval_rule_template_association": ("approval rule", "approval_rule_template_name"),
    "aws_s3_bucket_intelligent_tiering_configuration": ("tiering", "name"),
}
KINDS = {**MORE, **NAMED}


def names(plan: Plan) -> set[tuple[str, str]]:
    """Return (kind, name) of everything in a plan whose name we choose."""
    return {
        (kind, each.values[attribute])
        for each in plan.resources
        if each.type in KINDS
        for kind, attribute in [KINDS[each.type]]
    }


def test_every_named_resource_is_of_a_known_kind(full_plan):
    unknown = {each.type for each in full_plan.resources if each.gives("name") and each.type not in KINDS}
    assert unknown == set(), "say in KINDS what the service accepts"


# The plan is the same for every example, so the fixture may be.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(slug=SLUGS, region=st.sampled_from(answers.REGIONS))
def test_names_of_the_plan_fit_for_any_slug_and_region(full_plan, slug, region):
    for kind, name in names(full_plan):
        made = name.replace(SLUG, slug).replace(REGION, region)
        assert fits(kind, made), f"{kind}: {made}"


@pytest.mark.slow
def test_project_of_the_longest_names_can_be_planned(on_embedded_aws, tmp_path):
    given = {**FULL, "project_slug": LONGEST_SLUG, "aws_region": LONGEST_REGION}
    made = names(shown(on_embedded_aws(bake(tmp_path, given, FULL_SETTINGS))))
    assert [each for each in made if not fits(*each)] == []
    assert any(LONGEST_SLUG in name for _, name in made)
