"""Turns raw files into the Parquet that training reads, by a SageMaker processing job on as many machines as you say.

    python -m pipelines.preprocess [--again]    # of the newest commit, after the pipeline has its image

Put files under unprocessed/items/ of the data bucket, and what is known of each (labels, a transcript) by the same name
under unprocessed/labels/. Each file is taken once; --again takes all of them. The result is a delivery under
raw/preprocessed/<job>/: it begins to count with its manifest _SUCCESS, and starts a training as every delivery does.
Where this was interrupted, it goes on with the job that runs, or completes what a job has left. Machines: variable
`preprocessing` in terraform.auto.tfvars.json; what becomes of a file: preprocessing/read.py.
"""

import argparse
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from pipelines import arrivals, job, monitor, package, project, train
from pipelines.project import PipelineError

ITEMS, LABELS, RUNS = "unprocessed/items/", "unprocessed/labels/", "unprocessed/runs/"
RESULTS = f"{arrivals.RAW}preprocessed/"
REPORT = "_report.json"  # the same as in preprocessing/run.py, which imports what a laptop may lack
PLACE = "/opt/ml/processing"
FAILED = ("Failed", "Stopped")
SHOWN = 20  # problems that are printed


def request(spec: dict[str, Any], image: str, name: str, beside: dict[str, str]) -> dict[str, Any]:
    """CreateProcessingJob: each machine gets a share of the files and all that is beside them, and no way out."""
    bucket, machines = spec["data_bucket"], spec["preprocessing"]
    inputs = [channel("items", f"s3://{bucket}/{RUNS}{name}.json", "ManifestFile", "ShardedByS3Key")]
    inputs += [channel(what, uri, "S3Prefix", "FullyReplicated") for what, uri in beside.items()]
    output = {"S3Uri": f"s3://{bucket}/{RESULTS}{name}/", "LocalPath": f"{PLACE}/output", "S3UploadMode": "EndOfJob"}
    network: dict[str, Any] = {
        "EnableNetworkIsolation": spec["network_isolation"],
        "EnableInterContainerTrafficEncryption": spec["encrypt_inter_container_traffic"],
    }
    if spec["subnet_ids"]:
        network["VpcConfig"] = {"Subnets": spec["subnet_ids"], "SecurityGroupIds": spec["security_group_ids"]}
    return {
        "ProcessingJobName": name,
        "RoleArn": machines["role_arn"],
        "AppSpecification": {"ImageUri": image, "ContainerArguments": ["preprocess"]},
        "Environment": {"RAY_AUTH_TOKEN": secrets.token_hex(32)},  # its hosts talk to each other only
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "shards", "S3Output": output}],
            "KmsKeyId": spec["kms_key_arn"],
        },
        "ProcessingResources": {
            "ClusterConfig": job.resources(spec | machines | {"warm_pool_seconds": 0}, machines["instance_type"])
        },
        "NetworkConfig": network,
        "StoppingCondition": {"MaxRuntimeInSeconds": machines["max_runtime_seconds"]},
        "Tags": project.tags(spec),
    }


def channel(name: str, uri: str, kind: str, distribution: str) -> dict[str, Any]:
    """An input of the job, on disk before it starts."""
    source = {"S3Uri": uri, "LocalPath": f"{PLACE}/input/{name}", "S3DataType": kind, "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source | {"S3DataDistributionType": distribution}}


def start(spec: dict[str, Any], again: bool) -> str:
    """The name of a new job for every file that no run has taken; a PipelineError where there is none."""
    bucket = spec["data_bucket"]
    taken = set() if again else {name for run in completed(bucket) for name in files(bucket, run)}
    found = [key.removeprefix(ITEMS) for key in keys(bucket, ITEMS) if not key.endswith("/")]
    if not (wanted := [name for name in found if name not in taken]):
        every = (
            f"all {len(found)} files of s3://{bucket}/{ITEMS} are done" if found else f"s3://{bucket}/{ITEMS} is empty"
        )
        raise PipelineError(f"nothing to preprocess: {every}; put files there, or take all with --again.")
    (image, _), name = package.built(spec), f"{spec['project_slug']}-preprocess-{datetime.now(UTC):%Y%m%d%H%M%S}"
    listed = json.dumps([{"prefix": f"s3://{bucket}/{ITEMS}"}, *wanted]).encode()
    project.client("s3").put_object(Bucket=bucket, Key=f"{RUNS}{name}.json", Body=listed)
    labels = any(not key.endswith("/") for key in keys(bucket, LABELS))
    beside = {"labels": f"s3://{bucket}/{LABELS}" if labels else "", "weights": train.weights(spec)}
    given = {what: uri for what, uri in beside.items() if uri}
    project.client("sagemaker").create_processing_job(**request(spec, image, name, given))
    machines = spec["preprocessing"]
    print(f"started {name} for {len(wanted)} files on {machines['instance_count']} x {machines['instance_type']}")
    return name


def unfinished(bucket: str) -> str | None:
    """A run that was interrupted before its manifest was written: its job runs, or did its work."""
    for run in sorted(set(runs(bucket)) - set(completed(bucket)), reverse=True):
        try:
            state = project.client("sagemaker").describe_processing_job(ProcessingJobName=run)
        except project.client("sagemaker").exceptions.ResourceNotFound:
            continue
        if state["ProcessingJobStatus"] not in FAILED:
            return run
    return None


def seal(bucket: str, run: str) -> dict[str, Any]:
    """Write the manifest by which a run's shards become a delivery, in place of those of its files so far."""
    s3, folder = project.client("s3"), f"{RESULTS}{run}/"
    own = set(files(bucket, run))
    for earlier in completed(bucket):
        if earlier != run and own & set(files(bucket, earlier)):
            remove(bucket, f"{RESULTS}{earlier}/")
    report = json.loads(s3.get_object(Bucket=bucket, Key=folder + REPORT)["Body"].read())
    manifest = {"count": len(report["shards"]), "sha256": report["shards"]}
    s3.put_object(Bucket=bucket, Key=folder + arrivals.MARKER, Body=json.dumps(manifest).encode())
    return report


def remove(bucket: str, folder: str) -> None:
    """Take a delivery back, its manifest last; the bucket keeps the versions."""
    for key in sorted(keys(bucket, folder), key=lambda key: key.endswith(arrivals.MARKER)):
        project.client("s3").delete_object(Bucket=bucket, Key=key)


def runs(bucket: str) -> list[str]:
    """Every run that was begun."""
    return [key.removeprefix(RUNS).removesuffix(".json") for key in keys(bucket, RUNS)]


def completed(bucket: str) -> list[str]:
    """The runs whose shards are a delivery."""
    ending = f"/{arrivals.MARKER}"
    return [key.removeprefix(RESULTS).removesuffix(ending) for key in keys(bucket, RESULTS) if key.endswith(ending)]


def files(bucket: str, run: str) -> list[str]:
    """The files that a run has taken."""
    body = project.client("s3").get_object(Bucket=bucket, Key=f"{RUNS}{run}.json")["Body"].read()
    return json.loads(body)[1:]


def keys(bucket: str, prefix: str) -> list[str]:
    """The keys under a prefix."""
    pages = project.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def main() -> None:
    parser = argparse.ArgumentParser(description="Turn the files under unprocessed/ into what training reads.")
    parser.add_argument("--again", action="store_true", help="also files that an earlier run has taken")
    given, spec = parser.parse_args(), project.training_spec()
    if spec["preprocessing"] is None:
        raise PipelineError("preprocessing: is off; set it in terraform.auto.tfvars.json, then run `mlops apply`.")
    bucket = spec["data_bucket"]
    run = unfinished(bucket) or start(spec, given.again)
    monitor.finished(run, "preprocessing job")
    report = seal(bucket, run)
    problems = [sentence for found in report["problems"].values() for sentence in found]
    print(f"{report['files']} files, {report['rows']} rows: s3://{bucket}/{RESULTS}{run}/", *problems[:SHOWN], sep="\n")


if __name__ == "__main__":
    project.command(main)
