"""The rules hold in GovCloud and in China too, where ARNs begin and service names end differently."""

import json
import re
from functools import partial

import pytest

import tests.policy.rules  # noqa: F401  registers them
from tests.localaws.conftest import REGION
from tests.policy.project import FULL_SETTINGS, bake
from tests.policy.rule import violations

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("policy")]
PARTITIONS = {"us-gov-west-1": ("aws-us-gov", "amazonaws.com"), "cn-north-1": ("aws-cn", "amazonaws.com.cn")}


@pytest.fixture(scope="module")
def plans(full_project, tmp_path_factory):
    """The largest project in each region, planned on a state that reads as if it had been applied there."""

    def moved(region: str, state: str) -> str:
        return state.replace(REGION, region).replace("arn:aws:", f"arn:{PARTITIONS[region][0]}:")

    folder = tmp_path_factory.mktemp("partitions")
    baked = {region: bake(folder / region, {}, FULL_SETTINGS | {"region": region}) for region in PARTITIONS}
    makers = {region: partial(full_project.plan_of, baked[region], partial(moved, region)) for region in PARTITIONS}
    return full_project.plans(makers)


@pytest.fixture(params=PARTITIONS)
def plan(request, plans):
    """A plan in a region of another partition, the partition, and what its services' names end with."""
    return plans[request.param], *PARTITIONS[request.param]


def test_project_of_another_partition_breaks_no_rule(plan):
    assert [str(violation) for violation in violations(plan[0])] == []


def test_every_arn_is_of_the_partition(plan):
    planned, partition, _ = plan
    text = json.dumps([planned.shown["planned_values"], [each.body for each in planned.statements]])
    assert set(re.findall(r"arn:(aws[a-z-]*):", text)) == {partition}


def test_keys_are_used_through_the_services_of_the_partition(plan):
    planned, _, suffix = plan
    services = {
        service for each in planned.statements for at in each.condition("kms:ViaService").values() for service in at
    }
    assert services
    assert [service for service in services if not re.search(rf"-1\.{re.escape(suffix)}$", service)] == []
