"""The largest project, applied once for this folder."""

import pytest

from tests.policy.project import FULL_SETTINGS, FullProject, bake
from tests.terraform.conftest import aws, on_embedded_aws

__all__ = ["aws", "on_embedded_aws"]


@pytest.fixture(scope="session")
def full_project(on_embedded_aws, tmp_path_factory) -> FullProject:
    return FullProject(on_embedded_aws(bake(tmp_path_factory.mktemp("full"), {}, FULL_SETTINGS)))


@pytest.fixture(scope="session")
def full_plan(full_project, tmp_path_factory):
    return full_project.plan(tmp_path_factory.mktemp("plan") / "project")
