"""Asks a stage's endpoint what its model answered when it was trained, and wants the same answers, in time.

MLOPS_STAGE=prod python -m pipelines.verify
"""

import argparse
import json
import os
import re
import statistics
import time
import uuid
from typing import Any

from botocore.exceptions import ClientError

from functions.invoke import shape
from pipelines import archive, endpoint, packages, project
from pipelines.project import PipelineError
from training import artifact

NONSENSE = {"instances": "this is not a list"}


class Refused(Exception):
    """The endpoint answered with an error: its HTTP status."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


def verify(spec: dict[str, Any], live: dict[str, Any]) -> None:
    """Check configuration, answers, latency and manners of the live endpoint."""
    current = endpoint.settled(spec["endpoint_name"])
    if not endpoint.serves(current, live["endpoint_config"]):
        state = f"{current['EndpointStatus']} with {current['EndpointConfigName']}" if current else "not there"
        raise PipelineError(f"{spec['endpoint_name']} is {state}, but {live['endpoint_config']} was released.")
    check_configuration(spec, live)
    samples = archive.read_json(live["model_data_url"], "samples.json")
    if not samples:
        raise PipelineError(f"{live['model_data_url']}: samples.json records no request, so nothing can be verified.")
    ask = ask_later if spec["kind"] == "asynchronous" else ask_now
    times = [check_sample(ask, spec, number, sample) for number, sample in enumerate(samples, 1)]
    check_latency(spec, times)
    check_refusal(ask, spec)


def check_configuration(spec: dict[str, Any], live: dict[str, Any]) -> None:
    """What runs must be what Terraform's spec and the package ask for, down to the image's digest."""
    sagemaker, name = project.client("sagemaker"), live["endpoint_config"]
    package = packages.describe(live["model_package_arn"])
    pairs = [
        (endpoint.model_request(spec, package, name), sagemaker.describe_model(ModelName=name)),
        (endpoint.config_request(spec, name), sagemaker.describe_endpoint_config(EndpointConfigName=name)),
    ]
    if wrong := [difference for pair in pairs for difference in endpoint.differences(*pair)]:
        raise PipelineError(f"{name} is not what was asked for: {'; '.join(wrong)}; release again.")
    print(f"{name} runs as it was asked for")


def check_sample(ask: Any, spec: dict[str, Any], number: int, sample: dict[str, Any]) -> float:
    """The seconds that the right answer took."""
    begin = time.monotonic()
    try:
        answer = shape.from_endpoint(ask(spec, shape.to_endpoint(sample["request"])))
    except Refused as error:
        raise PipelineError(f"sample {number}: the endpoint answered {error.status}: {error}") from None
    if not artifact.same(answer, sample["response"], sample.get("likeness", 1.0)):
        told, recorded = (json.dumps(value)[:200] for value in (answer, sample["response"]))
        raise PipelineError(f"sample {number}: the endpoint answered {told}, but in training it was {recorded}.")
    return time.monotonic() - begin


def check_latency(spec: dict[str, Any], times: list[float]) -> None:
    """The usual answer must be fast enough; a queue, and the first request to a cold machine, are no measure."""
    usual, budget = statistics.median(times) * 1000, spec["latency_ms"]
    print(f"{len(times)} recorded answers are the same, median {usual:.0f} ms")
    if spec["kind"] != "asynchronous" and usual > budget:
        raise PipelineError(
            f"the median answer took {usual:.0f} ms, endpoint.latency_ms in terraform allows {budget} ms."
        )


def check_refusal(ask: Any, spec: dict[str, Any]) -> None:
    """A bad request is the caller's error, and must not look like the model's."""
    try:
        answer = ask(spec, NONSENSE)
    except Refused as error:
        if 400 <= error.status < 500:
            print(f"a bad request is refused with {error.status}")
            return
        raise PipelineError(f"a bad request got {error.status}, it must get a 4xx: {error}") from None
    raise PipelineError(f"a bad request was answered with {json.dumps(answer)[:200]}, it must get a 4xx.")


def ask_now(spec: dict[str, Any], request: Any) -> Any:
    """The answer of a real-time or serverless endpoint."""
    try:
        answer = project.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=spec["endpoint_name"], ContentType="application/json", Body=json.dumps(request)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ModelError":
            raise
        status, message = error.response.get("OriginalStatusCode", 500), error.response.get("OriginalMessage", "")
        raise Refused(status, message) from None
    return json.loads(answer["Body"].read())


def ask_later(spec: dict[str, Any], request: Any) -> Any:
    """The answer of an asynchronous endpoint, which appears in S3, or its failure, which does too."""
    bucket, prefix = project.split_s3(spec["asynchronous"]["input_s3_uri"])
    key = f"{prefix.rstrip('/')}/verify-{uuid.uuid4()}.json"
    project.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(request).encode())
    places = project.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=spec["endpoint_name"], ContentType="application/json", InputLocation=f"s3://{bucket}/{key}"
    )

    def result() -> tuple[str, bool] | None:
        if (text := content(places["OutputLocation"])) is not None:
            return text, True
        text = content(places["FailureLocation"])
        return None if text is None else (text, False)

    text, good = project.until(result, f"asynchronous request {key}", limit=900)
    if not good:
        raise Refused(status_in(text), text)
    return json.loads(text)


def content(uri: str) -> str | None:
    """The text of an object; None while it is not there, which S3 hides from a role that may not list the bucket."""
    bucket, key = project.split_s3(uri)
    try:
        return project.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "AccessDenied"):
            raise
        return None


def status_in(failure: str) -> int:
    """The HTTP status behind a failure note, where it tells one; otherwise it holds the model's own refusal."""
    told = re.search(r"error \((\d{3})\)", failure)
    return int(told[1]) if told else 400


def main() -> None:
    parser = argparse.ArgumentParser(description="Verify what a stage serves.")
    parser.add_argument("--stage", default=os.environ.get("MLOPS_STAGE"), help="by default MLOPS_STAGE")
    arguments = parser.parse_args()
    if not arguments.stage:
        raise PipelineError("--stage: must be given, for example --stage prod.")
    live = project.live(arguments.stage)
    if live is None:
        print(f"nothing to verify: no model was released to {arguments.stage} yet")
        return
    verify(project.endpoint_spec(arguments.stage), live)


if __name__ == "__main__":
    project.command(main)
