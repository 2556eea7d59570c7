"""checkov finds nothing in the modules or in the largest project, but what is suppressed with a reason."""

import json
import os
import re
import subprocess

import pytest

from tests.policy.suppressions import mentions, suppressions
from tests.policy.tools import CHECKOV, tool
from tests.terraform.conftest import MODULES

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("policy")]
OFFLINE = {"BC_API_TIMEOUT": "1", "LOG_LEVEL": "CRITICAL"}


def checkov(*arguments: str) -> dict:
    """Run checkov and return its results; an error in it, such as a file that it cannot read, fails."""
    command = [tool(CHECKOV), *arguments, "--quiet", "--compact", "--output", "json", "--skip-download"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | OFFLINE)
    report = json.loads(done.stdout)
    assert isinstance(report, dict) and report["summary"]["parsing_errors"] == 0, done.stderr
    assert report["summary"]["passed"] > 0
    return report["results"]


def test_checkov_finds_nothing_in_any_module():
    results = checkov("--directory", str(MODULES), "--framework", "terraform", "--skip-path", "examples")
    assert [f"{each['check_id']} {each['resource']}" for each in results["failed_checks"]] == []


@pytest.fixture(scope="module")
def findings(full_plan, tmp_path_factory):
    """What checkov finds in the plan, as (check, address); it does not see comments there."""
    file = tmp_path_factory.mktemp("checkov") / "plan.json"
    file.write_text(json.dumps(full_plan.shown))
    results = checkov("--file", str(file), "--framework", "terraform_plan")
    return {(each["check_id"], each["resource"]) for each in results["failed_checks"]}


def test_checkov_finds_nothing_in_the_full_project(findings, full_plan):
    sources = full_plan.sources()
    allowed = {(each.module, each.block, each.check) for each in suppressions()}
    left = [
        f"{check} {address}"
        for check, address in sorted(findings)
        if (*sources[re.sub(r"\[[^]]*]", "", address)], check) not in allowed
    ]
    assert left == []


def test_every_suppression_is_inline_with_a_reason():
    found = suppressions()
    assert len(found) == mentions()
    assert [each for each in found if len(each.reason.split()) < 4] == []
