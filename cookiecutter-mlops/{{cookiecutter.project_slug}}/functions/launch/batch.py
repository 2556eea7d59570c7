"""Starts batch inference for every input that has no output yet, and writes down what came of it.

One output per input: `<input prefix>a/b.csv` becomes `<output prefix>a/b.csv.out`. What failed or was interrupted has
no output, so the next start takes up exactly that; an input that changed after its output was written counts as new.
"""

from datetime import datetime
from typing import Any

from . import aws

PARAMETER = "batch"
Said = tuple[str, str | None, str]


def start(spec: dict[str, Any], live: dict[str, Any], event: dict[str, Any]) -> Said:
    """Start a job for what is pending, unless one runs: what it leaves is taken up when it ends."""
    if running := _running(spec):
        return "exists", running, f"{running} runs; what it does not hold is taken up after it."
    found, pending = inputs(spec)
    wanted = sorted(pending.keys() - set(event.get("except", ())))
    if not wanted:
        return "nothing", None, f"Nothing is pending among {len(found)} inputs under {spec['input_s3_uri']}."
    name = f"{spec['project_slug']}-{spec['stage']}-batch-{_minute(event)}"
    listed = [{"prefix": spec["input_s3_uri"]}, *wanted]
    aws.put_json(f"{spec['manifest_s3_uri']}{name}/inputs.json", listed)
    return aws.start_once("create_transform_job", request(spec, live, name), name)


def inputs(spec: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Every input by its path below the prefix, and those without a later output."""
    found = _below(spec["input_s3_uri"])
    done = _below(spec["output_s3_uri"])
    pending = {
        path: item
        for path, item in found.items()
        if f"{path}.out" not in done or done[f"{path}.out"]["LastModified"] < item["LastModified"]
    }
    return found, pending


def request(spec: dict[str, Any], live: dict[str, Any], name: str) -> dict[str, Any]:
    """CreateTransformJob with the live model, a whole file a request."""
    source = {"S3DataType": "ManifestFile", "S3Uri": f"{spec['manifest_s3_uri']}{name}/inputs.json"}
    machines = {"InstanceType": spec["instance_type"], "InstanceCount": spec["instance_count"]}
    return {
        "TransformJobName": name,
        "ModelName": live["endpoint_config"],  # a release's model and configuration have the same name
        "BatchStrategy": "SingleRecord",
        "MaxConcurrentTransforms": spec["max_concurrent_files"],
        "MaxPayloadInMB": spec["max_file_mb"],
        "ModelClientConfig": {"InvocationsMaxRetries": 3, "InvocationsTimeoutInSeconds": 600},
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": spec["content_type"],
            "SplitType": "None",
        },
        "TransformOutput": {
            "S3OutputPath": spec["output_s3_uri"],
            "Accept": spec["accept"],
            "KmsKeyId": spec["kms_key_arn"],
        },
        "TransformResources": aws.with_volume_key(machines, spec["kms_key_arn"]),
        "Tags": aws.tags(spec),
    }


def finish(spec: dict[str, Any], detail: dict[str, Any], time: str) -> Said:
    """Write the job's manifest beside its list of inputs, and publish how much is done and how much is not."""
    name, status = detail["TransformJobName"], detail["TransformJobStatus"]
    asked = asked_of(spec, name)
    done = _below(spec["output_s3_uri"])
    missing = [path for path in asked if f"{path}.out" not in done]
    answered = [path for path in asked if f"{path}.out" in done]
    outputs = [{"input": path, "output": f"{path}.out", "bytes": done[f"{path}.out"]["Size"]} for path in answered]
    result = {"job": name, "status": status, "reason": detail.get("FailureReason"), "outputs": outputs}
    aws.put_json(f"{spec['manifest_s3_uri']}{name}/manifest.json", result | {"missing": missing})
    failed = float(status != "Completed" or bool(missing))
    metrics: list[aws.Metric] = [("BatchFiles", float(len(outputs)), None), ("BatchMissing", float(len(missing)), None)]
    aws.publish(spec, [*metrics, ("BatchFailed", failed, None)], time)
    return "nothing", name, f"{name} {status.lower()}: {len(outputs)} outputs, {len(missing)} missing."


def asked_of(spec: dict[str, Any], name: str) -> list[str]:
    """The inputs that a job was started with."""
    return list(aws.get_json(f"{spec['manifest_s3_uri']}{name}/inputs.json")[1:])


def _running(spec: dict[str, Any]) -> str | None:
    prefix = f"{spec['project_slug']}-{spec['stage']}-batch-"
    found = aws.client("sagemaker").list_transform_jobs(NameContains=prefix, StatusEquals="InProgress")
    names = (job["TransformJobName"] for job in found["TransformJobSummaries"])
    return next((name for name in names if name.startswith(prefix)), None)


def _minute(event: dict[str, Any]) -> str:
    """The minute of the event, in every retry the same: a storm of events starts one job."""
    return f"{datetime.fromisoformat(event['time'].replace('Z', '+00:00')):%Y%m%d%H%M}"


def _below(uri: str) -> dict[str, Any]:
    """Objects by their path below a prefix."""
    prefix = aws.split(uri)[1]
    found = {item["Key"].removeprefix(prefix): item for item in aws.objects(uri)}
    return {path: item for path, item in found.items() if path and not path.endswith("/")}
