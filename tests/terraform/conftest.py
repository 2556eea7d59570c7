"""Real Terraform against a real embedded AWS, on projects that the generator made."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cookiecutter_mlops.terraform import provider_mirror
from tests.localaws.conftest import REGION, Aws, aws

__all__ = ["aws"]

MODULES = Path(__file__).resolve().parents[2] / "terraform-modules"


@dataclass
class Root:
    """A Terraform root module and where its commands run."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, command: str, *arguments: str, good: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run one command; its output is part of the failure when it ends badly."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
        environment |= {"TF_IN_AUTOMATION": "1"} | self.environment
        done = subprocess.run(
            ["terraform", command, *arguments], cwd=self.folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode in good, f"terraform {command}: {done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done

    def init(self) -> "Root":
        mirror = provider_mirror()
        self("init", "-input=false", "-no-color", *([f"-plugin-dir={mirror}"] if mirror else []))
        return self


def root_module(folder: Path, aws: Aws) -> Root:
    """Make a folder a root module on an embedded AWS: nothing but the environment differs."""
    keys = {"AWS_ACCESS_KEY_ID": "embedded-aws", "AWS_SECRET_ACCESS_KEY": "embedded-aws"}
    return Root(folder, keys | {"AWS_ENDPOINT_URL": aws.url, "AWS_REGION": REGION}).init()


@pytest.fixture(scope="session")
def on_embedded_aws(aws):
    """Return what makes a folder a root module on the embedded AWS that the tests share."""
    return lambda folder: root_module(folder, aws)
