"""Terraform against the embedded AWS: its Go SDK is stricter than boto3, and a second plan shows every drift."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cookiecutter_mlops.terraform import provider_mirror
from tests.localaws.conftest import REGION, Aws
from tests.localaws.functions import HANDLER, zipped
from tests.localaws.test_sagemaker_endpoints import new_config

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not on PATH")]
CHANGED = "-var=generation=2"


@pytest.fixture
def terraform(aws: Aws, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Return a function that runs Terraform on the configuration beside this file and gives exit code and output."""
    folder = shutil.copytree(Path(__file__).with_name("terraform"), tmp_path / "terraform")
    (tmp_path / "function.zip").write_bytes(zipped(HANDLER))
    model = aws.client("sagemaker").describe_model(ModelName=new_config(aws, "first"))["PrimaryContainer"]
    settings = {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "embedded-aws",
        "AWS_SECRET_ACCESS_KEY": "embedded-aws",
        "AWS_REGION": REGION,
        "TF_VAR_image": model["Image"],
        "TF_VAR_model_data_url": model["ModelDataUrl"],
        "TF_VAR_function": str(tmp_path / "function.zip"),
    }

    def run(*arguments: str) -> tuple[int, str]:
        command = ["terraform", *arguments, "-no-color", "-input=false"]
        options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        result = subprocess.run(command, cwd=folder, env=os.environ | settings, **options)
        return result.returncode, result.stdout

    mirror = provider_mirror()
    code, output = run("init", *([f"-plugin-dir={mirror}"] if mirror else []))
    assert code == 0, output
    return run


def test_every_kind_is_applied_changed_and_destroyed_without_drift(terraform: Callable[..., tuple[int, str]]) -> None:
    for step in (
        ["apply", "-auto-approve"],
        ["plan", "-detailed-exitcode"],
        ["apply", "-auto-approve", CHANGED],
        ["plan", "-detailed-exitcode", CHANGED],
        ["destroy", "-auto-approve", CHANGED],
    ):
        code, output = terraform(*step)
        assert code == 0, f"terraform {' '.join(step)}\n{output[-4000:]}"
