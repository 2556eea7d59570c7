"""The rules hold in GovCloud and in China too, where ARNs begin and service names end differently."""

import json
import re

import pytest

import tests.policy.rules  # noqa: F401  registers them
from tests.policy.project import FULL_SETTINGS, bake, shown
from tests.policy.rule import violations

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("policy")]
PARTITIONS = {"us-gov-west-1": ("aws-us-gov", "amazonaws.com"), "cn-north-1": ("aws-cn", "amazonaws.com.cn")}


@pytest.fixture(scope="module", params=PARTITIONS)
def plan(request, on_embedded_aws, tmp_path_factory):
    """A first plan of the largest project in a region of another partition, and that partition."""
    settings = FULL_SETTINGS | {"region": request.param}
    terraform = bake(tmp_path_factory.mktemp(request.param), {}, settings)
    return shown(on_embedded_aws(terraform)), *PARTITIONS[request.param]


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
