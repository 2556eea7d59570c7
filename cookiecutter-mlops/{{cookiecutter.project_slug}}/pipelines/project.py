"""What every pipeline script shares: which project this is, its specs in SSM, AWS clients, errors in one sentence.

    python -m pipelines.project     # prints the specs that Terraform published for this project

The infrastructure is described once, in terraform/; scripts learn it from the parameters that Terraform writes.
"""

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from training.settings import UserError

TFVARS = Path("terraform/terraform.auto.tfvars.json")
RETRIES = {"mode": "adaptive", "max_attempts": 10}


class PipelineError(UserError):
    """A step cannot go on: its text is the one sentence that a person needs."""


def command(main: Callable[[], None]) -> None:
    """Run a script; what a person can mend ends as one sentence and exit code 1, without a traceback."""
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough; Python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except UserError as error:
        _stop(str(error))
    except ClientError as error:
        _stop(f"AWS refused {error.operation_name}: {error.response['Error'].get('Message') or error}")
    except BotoCoreError as error:
        _stop(f"AWS was not reached: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _stop(sentence: str) -> None:
    sys.stdout.flush()  # the sentence is to be the last line of a build's log
    sys.exit(f"error: {sentence}")


@cache
def variables() -> dict[str, Any]:
    """The infrastructure's settings, as a person edits them."""
    try:
        return json.loads(TFVARS.read_text())
    except (OSError, ValueError) as error:
        raise PipelineError(f"{TFVARS}: cannot be read ({error}); run this from the project's folder.") from None


def pretrained() -> dict[str, Any] | None:
    """The model that is served as it is, by Terraform; None where pipelines train one."""
    return variables().get("pretrained")


def slug() -> str:
    """The name that starts the name of everything this project owns."""
    return os.environ.get("MLOPS_PROJECT") or variables()["project_slug"]


def embedded() -> bool:
    """Whether the AWS that answers is the embedded one, on this machine."""
    host = urlparse(os.environ.get("AWS_ENDPOINT_URL", "")).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def poll_seconds() -> float:
    """How long to wait between two looks: AWS limits how often one may ask, the embedded one does not."""
    return float(os.environ.get("MLOPS_POLL_SECONDS") or (0.5 if embedded() else 15))


@cache
def client(service: str) -> Any:
    """An AWS client in the project's region that waits and asks again when AWS is busy."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or variables()["region"]
    return boto3.client(service, region_name=region, config=Config(retries=RETRIES))


def parameter(name: str) -> dict[str, Any] | None:
    """A JSON parameter of this project, or None where there is none yet."""
    try:
        answer = client("ssm").get_parameter(Name=f"/{slug()}/{name}")
    except client("ssm").exceptions.ParameterNotFound:
        return None
    return parsed(answer["Parameter"]["Value"])


def parsed(value: str) -> dict[str, Any]:
    """What a parameter of this project holds."""
    return json.loads(value)


def training_spec() -> dict[str, Any]:
    """How to train, as Terraform declares it."""
    return _published("training")


def endpoint_spec(stage: str) -> dict[str, Any]:
    """How to serve in a stage, as Terraform declares it."""
    return _published(f"{stage}/endpoint")


def tags(spec: dict[str, Any]) -> list[dict[str, str]]:
    """The tags that Terraform gives to everything else, for what the pipelines make."""
    return [{"Key": key, "Value": value} for key, value in sorted(spec["tags"].items())]


def live(stage: str) -> dict[str, Any] | None:
    """What was released to a stage last, or None before the first release."""
    return parameter(f"{stage}/live")


def _published(name: str) -> dict[str, Any]:
    spec = parameter(name)
    if spec is None and pretrained():
        raise PipelineError(
            f"{TFVARS}: `pretrained` is set, so nothing trains or is released here; `mlops status` shows what serves."
        )
    if spec is None:
        raise PipelineError(
            f"/{slug()}/{name}: there is no such parameter, so nothing is applied yet; run `mlops apply` first."
        )
    return spec


def known_stage(name: str | None, stages: list[str]) -> str:
    """A stage that the project has; a PipelineError names them all."""
    if name not in stages:
        raise PipelineError(f"--stage: must be one of {', '.join(stages)} (got: {name}).")
    return name


def environment(name: str, example: str) -> str:
    """A value that the pipeline hands to the build."""
    value = os.environ.get(name, "")
    if not value:
        raise PipelineError(f"{name}: must be set, for example {example}; the pipeline `{slug()}-train` sets it.")
    return value


def commit() -> str:
    """The revision of the code that is being built."""
    return os.environ.get("COMMIT") or environment("CODEBUILD_RESOLVED_SOURCE_VERSION", "a commit id")


def export(path: Path, values: dict[str, str]) -> None:
    """Write variables for a later `. ./file` of the same build, which CodeBuild then hands to the pipeline."""
    path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items()))


def until(done: Callable[[], Any], what: str, limit: float = 7200) -> Any:
    """Ask until there is an answer other than None."""
    end = time.monotonic() + limit
    while (answer := done()) is None:
        if time.monotonic() > end:
            raise PipelineError(f"{what}: not done after {limit / 60:.0f} minutes; look at it, then run this again.")
        time.sleep(poll_seconds())
    return answer


def split_s3(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _print_specs() -> None:
    argparse.ArgumentParser(description="Print the specs of this project.").parse_args()
    spec = training_spec()
    stages = {stage: {"endpoint": endpoint_spec(stage), "live": live(stage)} for stage in spec["stages"]}
    print(json.dumps({"training": spec, **stages}, indent=2))


if __name__ == "__main__":
    command(_print_specs)
