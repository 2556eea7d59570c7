"""The largest project on the embedded AWS, and plans of it with other answers, other settings, or broken modules.

A first plan knows no ARN, and so no policy. Hence the project is applied once, and every plan stands on that state,
without asking AWS again what is there: it knows all names and takes seconds.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cookiecutter_mlops import answers, scaffold
from cookiecutter_mlops.terraform import LOCAL_BACKEND
from tests.policy.plan import Plan
from tests.terraform.conftest import Root

FULL = {
    "project_name": "Call Quality",
    "owner_email": "ml-team@example.com",
    "stages": "staging+prod",
    "network": "new",
    "notebook": "yes",
    "training_instance_type": "ml.g5.2xlarge",
}
FULL_SETTINGS = {
    "training": {"use_spot": True},
    "endpoint": {
        "instance_count": 2,
        "autoscaling": {"min_capacity": 2, "max_capacity": 4, "invocations_per_instance": 1000},
    },
    "retraining": {"schedule": "cron(0 3 ? * MON *)"},
    "preprocessing": {"instance_count": 2},
    "batch": {"schedule": "cron(0 6 * * ? *)", "on_arrival": True},
    "network": {"builds": True, "package_index": {"domain": "acme", "repository": "pypi"}},
}
# What somebody writes into an existing network's settings.
EXISTING = {"vpc_id": "vpc-0a1b2c3d", "subnet_ids": ["subnet-0a1b2c3d"], "security_group_ids": ["sg-0a1b2c3d"]}
# The provider waits a minute for each, and no policy names one.
NEVER_NAMED = ("aws_s3_bucket_lifecycle_configuration",)
QUIET = ("-input=false", "-no-color")


def bake(folder: Path, given: Mapping[str, str], settings: Mapping[str, Any] | None = None) -> Path:
    """Make a project from answers, change settings of its infrastructure, and return its Terraform folder."""
    repository = {"source_repository": "acme/calls"} if given.get("source") in answers.CONNECTIONS else {}
    terraform = scaffold.create({**FULL, **given, **repository}, folder) / "terraform"
    file = terraform / "terraform.auto.tfvars.json"
    values = json.loads(file.read_text())
    for name, value in (settings or {}).items():
        values[name] = (values.get(name) or {}) | value if isinstance(value, dict) else value
    if values["network"]["kind"] == "existing":
        values["network"] |= EXISTING
    file.write_text(json.dumps(values, indent=2))
    (terraform / "backend_override.tf.json").write_text(json.dumps(LOCAL_BACKEND))
    return terraform


def shown(root: Root, *options: str) -> Plan:
    """Plan in a root module and return the plan."""
    root("plan", *QUIET, "-out=plan", *options)
    return Plan(json.loads(root("show", "-json", "plan").stdout))


class FullProject:
    """The largest project, applied once."""

    def __init__(self, root: Root):
        self.root = root
        first = shown(root)
        targets = [f"-target={each.address}" for each in first.resources if each.type not in NEVER_NAMED]
        root("apply", *QUIET, "-auto-approve", "-parallelism=30", *targets)

    def plan(self, folder: Path, change: Callable[[Path], object] = lambda terraform: None) -> Plan:
        """Plan a copy of the project in a new folder, in which `change` may change any file."""
        shutil.copytree(self.root.folder.parent, folder, symlinks=True)
        change(folder / "terraform")
        return shown(Root(folder / "terraform", self.root.environment), "-refresh=false")

    def plan_of(self, terraform: Path, moved: Callable[[str], str] = str) -> Plan:
        """Plan the project of other answers, by its Terraform folder, on the state of this one, perhaps `moved`."""
        for name in (".terraform", ".terraform.lock.hcl", "terraform.tfstate"):
            source = self.root.folder / name
            shutil.copytree(source, terraform / name, symlinks=True) if source.is_dir() else shutil.copy(
                source, terraform
            )
        state = terraform / "terraform.tfstate"
        state.write_text(moved(state.read_text()))
        return shown(Root(terraform, self.root.environment), "-refresh=false")

    def plans(self, makers: Mapping[str, Callable[[], Plan]]) -> dict[str, Plan]:
        """Return the plans of some makers, two at a time: a plan is one busy process."""
        with ThreadPoolExecutor(2) as pool:
            return dict(zip(makers, pool.map(lambda make: make(), makers.values()), strict=True))
