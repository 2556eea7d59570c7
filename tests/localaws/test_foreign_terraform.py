"""Terraform of other people, with environment variables alone, and what it says of services that are not here."""

import shutil
import time
from pathlib import Path

import pytest

from tests.localaws import matrix
from tests.localaws.conftest import Aws
from tests.localaws.functions import HANDLER, zipped

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not on PATH")]
FOREIGN = Path(__file__).with_name("foreign")


def test_attributes_of_public_modules_are_applied_without_drift_and_destroyed(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "function.zip").write_bytes(zipped(HANDLER))
    function = {"TF_VAR_function": str(tmp_path / "function.zip")}
    run = matrix.terraform(aws, FOREIGN / "terraform", tmp_path / "terraform", **function)
    code, output = run("apply", "-auto-approve", "-parallelism=40")
    assert code == 0, output
    code, output = run("plan", "-detailed-exitcode")
    assert code == 0, output
    code, output = run("destroy", "-auto-approve", "-refresh=false", "-parallelism=40")
    assert code == 0, output


def test_what_is_not_here_is_said_at_once_in_each_protocol(aws: Aws, tmp_path: Path) -> None:
    run, started = matrix.terraform(aws, FOREIGN / "refused", tmp_path / "terraform"), time.monotonic()
    code, output = run("apply", "-auto-approve")
    said = " ".join(output.replace("\u2502", "").split())
    assert code == 1
    for action in ("gamelift:CreateGameSessionQueue", "cloudsearch:CreateDomain", "amplify:CreateApp"):
        assert f"NotImplemented: The embedded AWS does not implement {action}" in said, said
    assert time.monotonic() - started < 180
