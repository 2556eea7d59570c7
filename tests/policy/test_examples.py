"""Modules that no project calls, such as what exists once in an account, are held to the rules by their own example."""

import shutil

import pytest

import tests.policy.rules  # noqa: F401  registers them
from tests.policy.project import QUIET, FullProject, shown
from tests.policy.rule import violations
from tests.terraform import tables
from tests.terraform.conftest import MODULES

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("policy")]


@pytest.mark.parametrize("module", [module.name for module in tables.modules()])
def test_module_outside_the_full_project_breaks_no_rule(module, full_plan, on_embedded_aws, tmp_path):
    if module in {folder for folder, _ in full_plan.sources().values()}:
        return  # the largest project has it, with every document known
    copied = shutil.copytree(MODULES, tmp_path / "modules", ignore=shutil.ignore_patterns(".terraform*"))
    root = FullProject(on_embedded_aws(copied / module / "examples" / "complete")).root
    try:
        assert [str(violation) for violation in violations(shown(root))] == []
    finally:
        root("destroy", *QUIET, "-auto-approve")
