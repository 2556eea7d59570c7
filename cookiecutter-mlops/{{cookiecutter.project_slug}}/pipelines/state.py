"""Says where Terraform's state is kept in this AWS account, as Terraform reads it: in the bucket of terraform/account.

    python -m pipelines.state > terraform/backend.tf.json && terraform -chdir=terraform init -migrate-state
    python -m pipelines.state account > terraform/account/backend.tf.json

`mlops state move` and `mlops account apply` do this and more.
"""

import argparse
import json
from typing import Any

from botocore.exceptions import ClientError

from pipelines import project
from pipelines.project import PipelineError


def backend(key: str) -> dict[str, Any]:
    """The S3 backend for one state. It names no encryption: the bucket has its key, and refuses another one."""
    region = project.variables()["region"]
    account = project.client("sts").get_caller_identity()["Account"]
    bucket = f"mlops-state-{account}-{region}"
    require(bucket)
    place = {"bucket": bucket, "key": f"{key}/terraform.tfstate", "region": region, "use_lockfile": True}
    return {"terraform": {"backend": {"s3": place}}}


def require(bucket: str) -> None:
    """The bucket is made once per account and region, not by a project."""
    try:
        project.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        raise PipelineError(
            f"{bucket}: this account has no bucket for Terraform's states yet; make it once: mlops account apply, "
            "or terraform -chdir=terraform/account init, then apply."
        ) from None


def main() -> None:
    parser = argparse.ArgumentParser(description="Print Terraform's backend in this account.")
    parser.add_argument("whose", nargs="?", choices=["account"], help="of terraform/account; by default the project's")
    arguments = parser.parse_args()
    print(json.dumps(backend(arguments.whose or f"projects/{project.slug()}"), indent=2))


if __name__ == "__main__":
    project.command(main)
