"""Starts the monitoring job of a window, and publishes what it measured: the isolated job itself reaches nothing."""

from datetime import UTC, datetime
from typing import Any

from . import aws, window
from .window import HOUR, Window

PARAMETER = "monitoring"
INPUT, OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"
Said = tuple[str, str | None, str]


def start(spec: dict[str, Any], live: dict[str, Any], event: dict[str, Any]) -> Said:
    """Start the job, unless the window has no traffic or the live model cannot be monitored."""
    if not (live.get("train_image") and live.get("baseline_s3_uri")):
        return "nothing", None, f"Version {live['version']} was released without a baseline; train and release again."
    chosen = window.wanted(event, spec["window_hours"])
    captures = [prefix for prefix in chosen.prefixes(spec["capture_s3_uri"]) if aws.exists(prefix)]
    if not captures:
        if chosen.complete:
            aws.publish(spec, [("Rows", 0.0, None)], chosen.end)
        return "nothing", None, f"{spec['stage']} captured no request from {chosen.title} UTC."
    name = job_name(spec, chosen, event)
    return aws.start_once("create_processing_job", request(spec, live, chosen, captures, name), name)


def job_name(spec: dict[str, Any], chosen: Window, event: dict[str, Any]) -> str:
    """One name for a window; looks at a window that is not over, and repetitions, have the second in theirs."""
    name = f"{spec['project_slug']}-{spec['stage']}-monitor-{chosen.start:%Y%m%d%H}"
    return name if chosen.complete and not event.get("again") else f"{name}-{datetime.now(UTC):%d%H%M%S}"


def request(
    spec: dict[str, Any], live: dict[str, Any], chosen: Window, captures: list[str], name: str
) -> dict[str, Any]:
    """CreateProcessingJob in the train image of the live model: encrypted, isolated, one hour an input."""
    sources = [(f"capture-{number:02}", f"{INPUT}/capture/{number:02}", uri) for number, uri in enumerate(captures)]
    sources.append(("baseline", f"{INPUT}/baseline", f"{live['baseline_s3_uri'].rpartition('/')[0]}/"))
    inputs = [_input(channel, path, uri, "S3Prefix") for channel, path, uri in sources]
    if listed := history(spec, live, chosen, name):
        inputs.append(_input("history", f"{INPUT}/history", listed, "ManifestFile"))
    output = {"S3Uri": place(spec, chosen), "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}
    outputs = {"Outputs": [{"OutputName": "results", "S3Output": output}], "KmsKeyId": spec["kms_key_arn"]}
    return {
        "ProcessingJobName": name,
        "RoleArn": spec["role_arn"],
        "AppSpecification": {"ImageUri": live["train_image"], "ContainerArguments": ["monitor"]},
        "Environment": environment(spec, live, chosen),
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": outputs,
        "ProcessingResources": aws.cluster(spec),
        "NetworkConfig": network(spec),
        "StoppingCondition": {"MaxRuntimeInSeconds": spec["max_runtime_seconds"]},
        "Tags": aws.tags(spec),
    }


def place(spec: dict[str, Any], chosen: Window) -> str:
    """Where the results of a window are; a look at one that is not over does not replace them."""
    return f"{spec['output_s3_uri']}{chosen.start:%Y/%m/%d/%H/}" if chosen.complete else f"{spec['output_s3_uri']}now/"


def history(spec: dict[str, Any], live: dict[str, Any], chosen: Window, name: str) -> str | None:
    """Write a list of earlier results, of the live model's answers and of ground truth; None where there is nothing."""
    bucket, _ = aws.split(spec["output_s3_uri"])
    own = aws.split(place(spec, chosen))[1]
    endings = ("/statistics.json", f"/answers-{live['version']}.csv.gz", ".jsonl")
    keys = [
        found["Key"]
        for uri in (spec["output_s3_uri"], spec["ground_truth_s3_uri"])
        for day in chosen.days(uri, spec["history_days"])
        for found in aws.objects(day)
        if found["Key"].endswith(endings) and not found["Key"].startswith(own)
    ]
    return aws.manifest(bucket, keys, f"{spec['output_s3_uri']}manifests/{name}.json") if keys else None


def environment(spec: dict[str, Any], live: dict[str, Any], chosen: Window) -> dict[str, str]:
    """What the job is told beside its inputs (monitoring/monitor.py, class Run)."""
    requests, errors = traffic(spec, chosen)
    return {
        "MONITOR_PROJECT": spec["project_slug"],
        "MONITOR_STAGE": spec["stage"],
        "MONITOR_MODEL": str(live["version"]),
        "MONITOR_START": f"{chosen.start:{HOUR}}",
        "MONITOR_HOURS": str(chosen.hours),
        "MONITOR_COMPLETE": "yes" if chosen.complete else "no",
        "MONITOR_SHARE": str(spec["sampling_percentage"] / 100),
        "MONITOR_REQUESTS": str(requests),
        "MONITOR_ERRORS": str(errors),
    }


def traffic(spec: dict[str, Any], chosen: Window) -> tuple[float, float]:
    """Requests that the endpoint counted in the window, and how many of them it answered with an error."""
    requests, *errors = (
        _sum(spec, name, chosen) for name in ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors")
    )
    return requests, sum(errors)


def _sum(spec: dict[str, Any], metric: str, chosen: Window) -> float:
    dimensions = {"EndpointName": spec["endpoint_name"], "VariantName": "AllTraffic"}
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=chosen.start,
        EndTime=chosen.end,
        Period=3600,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])


def network(spec: dict[str, Any]) -> dict[str, Any]:
    """No way out, and inside the project's own network where it has one."""
    isolated: dict[str, Any] = {"EnableNetworkIsolation": True, "EnableInterContainerTrafficEncryption": True}
    if spec["subnet_ids"]:
        isolated["VpcConfig"] = {"Subnets": spec["subnet_ids"], "SecurityGroupIds": spec["security_group_ids"]}
    return isolated


def finish(spec: dict[str, Any], detail: dict[str, Any], time: str) -> Said:
    """Publish the metrics of a job that ended; a window that was not over is a look, and no measurement."""
    name, status = detail["ProcessingJobName"], detail["ProcessingJobStatus"]
    told = aws.client("sagemaker").describe_processing_job(ProcessingJobName=name)["Environment"]
    begin = datetime.strptime(told["MONITOR_START"], HOUR).replace(tzinfo=UTC)
    chosen = Window(begin, int(told["MONITOR_HOURS"]), told["MONITOR_COMPLETE"] == "yes")
    if not chosen.complete:
        return "nothing", name, f"{name} {status.lower()}; its window was not over, so nothing is published."
    failed = status != "Completed"
    aws.publish(spec, [("MonitorFailed", float(failed), None)], time)
    if failed:
        return "nothing", name, f"{name} {status.lower()}: {detail.get('FailureReason', 'no reason is given')}."
    results = aws.get_json(f"{place(spec, chosen)}metrics.json")["metrics"]
    aws.publish(spec, [(each["name"], each["value"], each.get("feature")) for each in results], chosen.end)
    return "nothing", name, f"{name} completed, {len(results)} metrics are published."


def _input(name: str, path: str, uri: str, kind: str) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": kind, "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source | {"S3DataDistributionType": "FullyReplicated"}}
