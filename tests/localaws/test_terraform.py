"""Terraform against the embedded AWS: its Go SDK is stricter than boto3, and a second plan shows every drift."""

import os
import shutil
from pathlib import Path

import pytest

from tests.localaws import matrix
from tests.localaws.conftest import REGION, Aws
from tests.localaws.endpoints import new_config
from tests.localaws.functions import HANDLER, zipped

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not on PATH")]
FOLDER = Path(__file__).with_name("terraform")
DOCUMENT = Path(__file__).parents[2] / "docs/coverage.md"


@pytest.fixture
def terraform(aws: Aws, tmp_path: Path) -> matrix.Run:
    """Return a function that runs Terraform on the configuration beside this file and gives exit code and output."""
    (tmp_path / "function.zip").write_bytes(zipped(HANDLER))
    model = aws.client("sagemaker").describe_model(ModelName=new_config(aws, "first"))["PrimaryContainer"]
    settings = {"image": model["Image"], "model_data_url": model["ModelDataUrl"]}
    settings["function"] = str(tmp_path / "function.zip")
    variables = {f"TF_VAR_{name}": value for name, value in settings.items()}
    return matrix.terraform(aws, FOLDER, tmp_path / "terraform", **variables)


def test_every_kind_is_applied_changed_and_destroyed_without_drift(aws: Aws, terraform: matrix.Run) -> None:
    make_what_is_imported(aws)
    steps = matrix.live(terraform)
    rows = matrix.table(matrix.declared(FOLDER, "resource"), steps)
    print("\n".join(f"{name}: {said}" for name, step in steps.items() for said in step.said))
    wanted = matrix.document(rows, matrix.declared(FOLDER, "data"))
    if os.environ.get("UPDATE_DOCS"):
        DOCUMENT.write_text(wanted)
    whole = [name for name, row in rows.items() if matrix.is_whole(row)]
    assert len(rows) > 110
    assert len(whole) >= 0.9 * len(rows)
    assert DOCUMENT.read_text() == wanted, "run: UPDATE_DOCS=1 .venv/bin/pytest tests/localaws/test_terraform.py"


def make_what_is_imported(aws: Aws) -> None:
    """Create, without Terraform, what `imports.tf` takes over."""
    name = "every-kind-imported"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    aws.client("logs").create_log_group(logGroupName=name)
    aws.client("ssm").put_parameter(Name="/every-kind/imported", Value="0", Type="String")
    aws.client("ecr").create_repository(repositoryName=name)
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
