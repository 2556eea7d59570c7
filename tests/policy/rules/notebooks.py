"""SageMaker notebook instances: a data scientist's machine that reaches AWS and nothing else, and stops by itself."""

import re

from tests.policy.plan import Plan, Resource
from tests.policy.rule import each, rule

MAINTAINED = re.compile(r"notebook-(al2-v[3-9]|al20[2-9][0-9]-v[0-9]+)")
NOTEBOOKS = each("aws_sagemaker_notebook_instance")


@rule(NOTEBOOKS)
def notebook_has_no_direct_internet(notebook: Resource, plan: Plan) -> str | None:
    """Notebooks are in a subnet of ours, without a way of their own to the internet (AWS's default is one)."""
    values = notebook.values
    closed = (
        values.get("direct_internet_access") == "Disabled" and values.get("subnet_id") and values.get("security_groups")
    )
    return None if closed else f"direct_internet_access is {values.get('direct_internet_access')}"


@rule(NOTEBOOKS)
def notebook_user_is_not_root(notebook: Resource, plan: Plan) -> str | None:
    """The user of a notebook is not root."""
    root = notebook.values.get("root_access")
    return None if root == "Disabled" else f"root_access is {root}"


@rule(NOTEBOOKS)
def notebook_needs_imds_v2(notebook: Resource, plan: Plan) -> str | None:
    """Credentials of the instance are handed out by IMDSv2 only."""
    version = notebook.one("instance_metadata_service_configuration").get("minimum_instance_metadata_service_version")
    return None if version == "2" else f"admits IMDSv{version or '1'}"


@rule(NOTEBOOKS)
def notebook_platform_is_maintained(notebook: Resource, plan: Plan) -> str | None:
    """Notebooks run a platform that AWS still mends."""
    platform = notebook.values.get("platform_identifier") or ""
    return None if MAINTAINED.fullmatch(platform) else f"runs {platform or 'whatever AWS gives'}"


@rule(NOTEBOOKS)
def notebook_stops_itself(notebook: Resource, plan: Plan) -> str | None:
    """A lifecycle configuration stops a notebook that nobody uses."""
    wanted = notebook.values.get("lifecycle_config_name")
    scripts = plan.of("aws_sagemaker_notebook_instance_lifecycle_configuration")
    found = [each for each in scripts if each.values.get("name") == wanted and each.values.get("on_start")]
    return None if found else "nothing stops it when it is idle"
