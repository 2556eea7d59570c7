"""Judges the model that pipelines/train.py made and registers it with the verdict.

    SERVE_IMAGE=...@sha256:... REASON=commit python -m pipelines.register [--job NAME]

Every trained model is registered, so that the registry tells the whole story: one that fails the gate as Rejected
(and this command fails), the others as waiting for a person, or approved where the project says so.
"""

import argparse
import hashlib
import json
import os
import re
from typing import Any

from pipelines import archive, gatekeeper, packages, project, snapshot, train
from pipelines.project import PipelineError
from training import report
from training.evaluate import Check, Verdict, gate
from training.settings import load_settings

JSON = "application/json"
ORIGIN = ("commit", "data_version", "settings_sha256")
HISTORY = "no model of the same commit, data and settings was rolled back"
CONTENT_TYPES = [JSON, "text/csv"]


def register(spec: dict[str, Any], job: dict[str, Any], image: str) -> Verdict:
    """Make the model package of a completed job, and give back the gate's verdict."""
    evaluation = read_evaluation(job)
    verdict = gate(evaluation, live_evaluation(spec, evaluation), load_settings().gate)
    verdict = verdict.also(not_rolled_back(spec, evaluation))
    kept = keep(spec, job, evaluation, verdict)
    arn = create(spec, job, image, kept, customer_metadata(job, evaluation, verdict) | kept, verdict)
    status = status_for(spec, verdict)
    decide(arn, status, verdict)
    show(arn, verdict, status)
    return verdict


def read_evaluation(job: dict[str, Any]) -> dict[str, Any]:
    """What the job measured."""
    return archive.read_json(output_of(job), "evaluation.json")


def output_of(job: dict[str, Any]) -> str:
    """What the job wrote to /opt/ml/output/data; SageMaker packs it beside the model."""
    return f"{job['ModelArtifacts']['S3ModelArtifacts'].rpartition('/')[0]}/output.tar.gz"


def live_evaluation(spec: dict[str, Any], evaluation: dict[str, Any]) -> dict[str, Any] | None:
    """What the live model reached, in the shape of an evaluation; None before the first release."""
    live = project.live(spec["stages"][-1])
    if live is None:
        return None
    facts = packages.describe(live["model_package_arn"]).facts
    try:
        value = float(facts["value"])
    except (KeyError, ValueError):
        value = float("nan")  # the gate, which fails closed, tells it
    shared = {key: facts.get(key) for key in ("metric", "data_version")}
    shared |= {"version": live["version"], "higher_is_better": evaluation.get("higher_is_better")}
    return shared | {"value": value}


def not_rolled_back(spec: dict[str, Any], evaluation: dict[str, Any]) -> Check:
    """The same code, data and settings make the same model: one that was rolled back must not return unasked."""
    origin = [str(evaluation.get(fact)) for fact in ORIGIN]
    for package in packages.of_status(spec["model_package_group"], packages.REJECTED):
        if package.facts.get("verdict") == "passed" and [package.facts.get(fact) for fact in ORIGIN] == origin:
            return Check("history", HISTORY, f"version {package.version} was the same: {package.reason}", False)
    return Check("history", HISTORY, "none was", True)


def keep(spec: dict[str, Any], job: dict[str, Any], evaluation: dict[str, Any], verdict: Verdict) -> dict[str, str]:
    """Store evaluation, verdict and baseline where registry, monitor and people find them; their addresses by fact."""
    baseline = archive.read_json(output_of(job), "baseline.json")
    contents = {"evaluation": evaluation, "verdict": verdict.to_dict(), "baseline": baseline}
    put(spec, job, "verdict.txt", f"{verdict.table()}\n", "text/plain")
    put(spec, job, "report.html", report.page(evaluation, verdict), "text/html; charset=utf-8")
    return {
        f"{name}_s3_uri": put(spec, job, f"{name}.json", json.dumps(content, indent=2), JSON)
        for name, content in contents.items()
    }


def put(spec: dict[str, Any], job: dict[str, Any], name: str, content: str, kind: str) -> str:
    """Write a file beside the other facts of a job, and say where."""
    bucket, key = spec["models_bucket"], f"evaluations/{job['TrainingJobName']}/{name}"
    project.client("s3").put_object(Bucket=bucket, Key=key, Body=content.encode(), ContentType=kind)
    return f"s3://{bucket}/{key}"


def customer_metadata(job: dict[str, Any], evaluation: dict[str, Any], verdict: Verdict) -> dict[str, str]:
    """The facts that later decisions read; SageMaker keeps at most 50 of them."""
    data = snapshot.read(job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"])
    facts = {
        "commit": job["Environment"]["MLOPS_COMMIT"],
        "data_version": data.version,
        "sample": str(data.sample).lower(),
        "metric": evaluation.get("metric"),
        "value": evaluation.get("value"),
        "baseline": evaluation.get("baseline"),
        "verdict": "passed" if verdict.passed else "rejected",
        "compared_with": (evaluation.get("live") or {}).get("version", "nothing"),
        "improvement": (evaluation.get("live") or {}).get("improvement", "unknown"),
        "serving_plan": (evaluation.get("serving") or {}).get("plan", "unknown"),
        "training_job": job["TrainingJobName"],
        "train_image": job["AlgorithmSpecification"]["TrainingImage"],
        "settings_sha256": evaluation.get("settings_sha256"),
        "code_sha256": gatekeeper.code_sha256(),
        "reason": os.environ.get("REASON") or "by hand",
    }
    return {key: acceptable(value) for key, value in facts.items()}


def acceptable(value: Any) -> str:
    """SageMaker takes at most 256 letters, digits, spaces and a few marks."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return re.sub(r"[^\w\s.:/=+@-]", " ", text)[:256]


def status_for(spec: dict[str, Any], verdict: Verdict) -> str:
    """A failed gate is final; whether a passed one needs a person is the project's choice."""
    if not verdict.passed:
        return packages.REJECTED
    return packages.APPROVED if spec["model_approval"] == "automatic" else packages.PENDING


def create(
    spec: dict[str, Any],
    job: dict[str, Any],
    image: str,
    kept: dict[str, str],
    facts: dict[str, str],
    verdict: Verdict,
) -> str:
    """Register the package; the token makes a second call for the same job give the same package."""
    container = {"Image": image, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    if serving := spec.get("serving"):
        container |= {"Image": serving["image"], "Environment": serving["environment"]}
    answer = project.client("sagemaker").create_model_package(
        ModelPackageGroupName=spec["model_package_group"],
        ModelPackageDescription=f"Trained by {job['TrainingJobName']}",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": CONTENT_TYPES,
            "SupportedResponseMIMETypes": CONTENT_TYPES,
        },
        ModelMetrics={
            "ModelQuality": {
                "Statistics": json_at(kept["evaluation_s3_uri"]),
                "Constraints": json_at(kept["verdict_s3_uri"]),
            },
            "ModelDataQuality": {"Statistics": json_at(kept["baseline_s3_uri"])},
        },
        CustomerMetadataProperties=facts,
        ModelApprovalStatus=packages.PENDING if verdict.passed else packages.REJECTED,
        ClientToken=hashlib.sha256(job["TrainingJobName"].encode()).hexdigest()[:32],
    )
    return answer["ModelPackageArn"]


def json_at(uri: str) -> dict[str, str]:
    """A metrics source of the registry."""
    return {"ContentType": JSON, "S3Uri": uri}


def decide(arn: str, status: str, verdict: Verdict) -> None:
    """Write down status and reason together: the registry tells the reason of a decision only in an update."""
    project.client("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription=verdict.sentence()[:1024]
    )


def show(arn: str, verdict: Verdict, status: str) -> None:
    """The verdict and what the registry made of it, for the log."""
    print(f"\ngate: {verdict.table()}\n\n{arn.rpartition('/')[2]:>4} {status}  {arn}", flush=True)


def handed_over() -> str | None:
    """The job of the `python -m pipelines.train` before this; None where it had nothing to train."""
    try:
        return json.loads(train.HANDOVER.read_text()).get("training_job")
    except FileNotFoundError:
        raise PipelineError(f"{train.HANDOVER}: no job was handed over; name one with --job.") from None


def main() -> None:
    parser = argparse.ArgumentParser(description="Judge and register the trained model.")
    parser.add_argument("--job", help="a completed training job; by default the one that pipelines.train made")
    name = parser.parse_args().job or handed_over()
    if name is None:
        print("nothing was trained, so there is nothing to register")
        return
    image = project.environment("SERVE_IMAGE", "<repository>@sha256:<digest>")
    job = project.client("sagemaker").describe_training_job(TrainingJobName=name)
    verdict = register(project.training_spec(), job, image)
    if not verdict.passed:
        failed = ", ".join(check.name for check in verdict.failed)
        raise PipelineError(f"the gate stopped this model ({failed}); above is a line for each check.")


if __name__ == "__main__":
    project.command(main)
