"""The function that starts monitoring and batch inference, on an S3, SSM and SageMaker that a test answers for."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from fake_aws import AwsError, FakeAws, parameters
from specs import KEY

from functions.launch import aws as launch_aws
from functions.launch import batch, handler, monitor, window

CAPTURE = "capture/prod/wages-prod/AllTraffic/"
SPEC = {
    "project_slug": "wages",
    "stage": "prod",
    "endpoint_name": "wages-prod",
    "namespace": "MLOps/wages",
    "role_arn": "arn:aws:iam::123456789012:role/wages-prod-monitor",
    "kms_key_arn": KEY,
    "subnet_ids": [],
    "security_group_ids": [],
    "instance_type": "ml.m5.large",
    "volume_size_gb": 30,
    "max_runtime_seconds": 3600,
    "window_hours": 1,
    "sampling_percentage": 50,
    "history_days": 1,
    "capture_s3_uri": f"s3://wages-data/{CAPTURE}",
    "ground_truth_s3_uri": "s3://wages-data/ground-truth/prod/",
    "output_s3_uri": "s3://wages-data/monitoring/prod/",
}
BATCH = {
    "input_s3_uri": "s3://wages-data/batch/prod/input/",
    "output_s3_uri": "s3://wages-data/batch/prod/output/",
    "manifest_s3_uri": "s3://wages-data/batch/prod/jobs/",
    "instance_type": "ml.m5.large",
    "instance_count": 1,
    "max_concurrent_files": 4,
    "max_file_mb": 20,
    "content_type": "application/json",
    "accept": "text/csv",
}
LIVE = {
    "version": 3,
    "train_image": "repository@sha256:7",
    "baseline_s3_uri": "s3://wages-models/evaluations/job/baseline.json",
    "endpoint_config": "wages-prod-3",
}
TEN_PAST_FOUR = {"kind": "monitor", "time": "2026-01-02T04:10:00Z"}
THREE = f"{CAPTURE}2026/01/02/03/00-00-000.jsonl"


class Stage:
    """A stage with these objects and parameters; what is written is found again."""

    def __init__(self, aws: FakeAws):
        self.aws, self.objects, self.values = aws, {}, {}
        aws.on(GetParameter=parameters(self.values), ListObjectsV2=self._list, GetObject=self._get, PutObject=self._put)
        aws.on(PutMetricData={}, GetMetricStatistics={"Datapoints": [{"Sum": 40.0}]})
        aws.on(CreateProcessingJob={"ProcessingJobArn": "arn"}, CreateTransformJob={"TransformJobArn": "arn"})
        aws.on(ListTransformJobs={"TransformJobSummaries": []})

    def hold(self, **objects: Any) -> None:
        self.objects |= objects

    def metrics(self) -> dict[str, float]:
        data = [metric for request in self.aws.called("PutMetricData") for metric in request["MetricData"]]
        names = (" ".join([metric["MetricName"], *(d["Value"] for d in metric["Dimensions"][1:])]) for metric in data)
        return dict(zip(names, (metric["Value"] for metric in data), strict=True))

    def _list(self, request: dict[str, Any]) -> dict[str, Any]:
        keys = [key for key in sorted(self.objects) if key.startswith(request["Prefix"])]
        moment = datetime(2026, 1, 2, tzinfo=UTC)
        return {"Contents": [{"Key": key, "LastModified": moment, "Size": len(self.objects[key])} for key in keys]}

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[request["Key"]])}

    def _put(self, request: dict[str, Any]) -> dict[str, Any]:
        self.objects[request["Key"]] = request["Body"]
        return {}


@pytest.fixture
def stage(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(launch_aws, "client", aws.client)
    monkeypatch.setenv("PROJECT", "wages")
    monkeypatch.setenv("STAGE", "prod")
    made = Stage(aws)
    made.values |= {"/wages/prod/monitoring": SPEC, "/wages/prod/batch": SPEC | BATCH, "/wages/prod/live": LIVE}
    return made


def ended(name: str, status: str = "Completed", kind: str = "Processing") -> dict[str, Any]:
    detail = {f"{kind}JobName": name, f"{kind}JobStatus": status}
    what = {"source": "aws.sagemaker", "detail-type": f"SageMaker {kind} Job State Change"}
    return what | {"time": "2026-01-02T04:20:00Z", "detail": detail}


def test_window_of_the_last_whole_hour_is_monitored(stage: Stage):
    stage.hold(**{THREE: b"{}"})
    answer = handler.handler(TEN_PAST_FOUR, None)
    assert (answer["state"], answer["job"]) == ("started", "wages-prod-monitor-2026010203")
    (job,) = stage.aws.called("CreateProcessingJob")
    uris = [entry["S3Input"]["S3Uri"] for entry in job["ProcessingInputs"]]
    assert uris == [f"s3://wages-data/{CAPTURE}2026/01/02/03/", "s3://wages-models/evaluations/job/"]
    assert job["AppSpecification"] == {"ImageUri": "repository@sha256:7", "ContainerArguments": ["monitor"]}
    assert job["NetworkConfig"] == {"EnableNetworkIsolation": True, "EnableInterContainerTrafficEncryption": True}
    assert job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == KEY
    assert job["ProcessingOutputConfig"]["KmsKeyId"] == KEY
    assert (
        job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
        == "s3://wages-data/monitoring/prod/2026/01/02/03/"
    )
    assert job["Environment"]["MONITOR_SHARE"] == "0.5"
    assert (job["Environment"]["MONITOR_REQUESTS"], job["Environment"]["MONITOR_ERRORS"]) == ("40.0", "80.0")


def test_history_of_the_live_model_is_an_input(stage: Stage):
    results = "monitoring/prod/2026/01/02/02/"
    usable = [f"{results}statistics.json", f"{results}answers-3.csv.gz", "ground-truth/prod/2026/01/01/09/a.jsonl"]
    other = [f"{results}answers-2.csv.gz", f"{results}report.html", "monitoring/prod/2026/01/02/03/statistics.json"]
    stage.hold(**{THREE: b"{}"}, **dict.fromkeys([*usable, *other, "ground-truth/prod/2025/12/30/09/a.jsonl"], b""))
    handler.handler(TEN_PAST_FOUR, None)
    (job,) = stage.aws.called("CreateProcessingJob")
    source = job["ProcessingInputs"][-1]["S3Input"]
    assert source["S3DataType"] == "ManifestFile"
    listed = json.loads(stage.objects[source["S3Uri"].removeprefix("s3://wages-data/")])
    assert (listed[0], sorted(listed[1:])) == ({"prefix": "s3://wages-data/"}, sorted(usable))


def test_retry_is_a_duplicate_and_that_is_success(stage: Stage):
    stage.hold(**{THREE: b"{}"})
    stage.aws.on(CreateProcessingJob=AwsError("ResourceInUse", "Job name must be unique"))
    assert handler.handler(TEN_PAST_FOUR, None)["state"] == "exists"


def test_other_refusal_of_sagemaker_is_an_error(stage: Stage):
    stage.hold(**{THREE: b"{}"})
    stage.aws.on(CreateProcessingJob=AwsError("ResourceLimitExceeded", "no quota"))
    with pytest.raises(Exception, match="no quota"):
        handler.handler(TEN_PAST_FOUR, None)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("/wages/prod/live", "No model is live in prod yet."),
        ("/wages/prod/monitoring", "monitoring is not set up for prod."),
        ("capture", "prod captured no request from 2026-01-02T03 to 2026-01-02T04 UTC."),
    ],
)
def test_nothing_to_monitor_is_a_sentence(stage: Stage, missing: str, sentence: str):
    stage.values.pop(missing, None)
    assert handler.handler(TEN_PAST_FOUR, None) == {"state": "nothing", "job": None, "reason": sentence}
    assert stage.aws.called("CreateProcessingJob") == []


def test_model_that_was_released_without_a_baseline_is_told(stage: Stage):
    stage.values["/wages/prod/live"] = {"version": 1}
    assert "train and release again" in handler.handler(TEN_PAST_FOUR, None)["reason"]


@pytest.mark.parametrize("window", ["yesterday", "2026-01-02", 7])
def test_window_that_is_none_is_a_sentence(stage: Stage, window: Any):
    answer = handler.handler(TEN_PAST_FOUR | {"window": window}, None)
    assert answer["reason"] == f"window: must be an hour such as 2026-01-02T03 (got: {window!r})."


def test_unknown_kind_is_a_sentence(stage: Stage):
    assert handler.handler({"kind": "watch"}, None)["reason"] == "kind: must be one of monitor, batch (got: 'watch')."


@pytest.mark.parametrize(
    ("hours", "event", "start", "complete", "inputs"),
    [
        (1, {"time": "2026-01-02T00:05:00Z"}, "2026-01-01T23", True, 1),
        (6, {"time": "2026-01-02T13:00:00Z"}, "2026-01-02T06", True, 6),
        (24, {"time": "2026-01-02T13:00:00Z"}, "2026-01-01T00", True, 1),
        (4, {"time": "2026-01-02T13:00:00Z", "window": "2026-01-02T13"}, "2026-01-02T12", False, 4),
        (1, {"time": "2026-01-02T13:00:00+02:00"}, "2026-01-02T10", True, 1),
    ],
)
def test_windows_follow_each_other_from_midnight(hours: int, event: Any, start: str, complete: bool, inputs: int):
    found = window.wanted(event, hours)
    assert (f"{found.start:{window.HOUR}}", found.complete, len(found.prefixes("s3://b/"))) == (start, complete, inputs)


def test_metrics_of_a_job_that_ended_are_published(stage: Stage):
    told = {"MONITOR_START": "2026-01-02T03", "MONITOR_HOURS": "1", "MONITOR_COMPLETE": "yes"}
    stage.aws.on(DescribeProcessingJob={"Environment": told})
    results = [{"name": "Drift", "value": 3.0}, {"name": "Drift", "value": 3.0, "feature": "años"}]
    stage.hold(**{"monitoring/prod/2026/01/02/03/metrics.json": json.dumps({"metrics": results}).encode()})
    handler.handler(ended("wages-prod-monitor-2026010203"), None)
    assert stage.metrics() == {"MonitorFailed": 0.0, "Drift": 3.0, "Drift a&#241;os": 3.0}
    request = stage.aws.called("PutMetricData")[-1]
    assert request["Namespace"] == "MLOps/wages"
    assert request["MetricData"][0]["Timestamp"] == datetime(2026, 1, 2, 4, tzinfo=UTC)


def test_failed_job_is_a_metric(stage: Stage):
    told = {"MONITOR_START": "2026-01-02T03", "MONITOR_HOURS": "1", "MONITOR_COMPLETE": "yes"}
    stage.aws.on(DescribeProcessingJob={"Environment": told})
    handler.handler(ended("wages-prod-monitor-2026010203", "Failed"), None)
    assert stage.metrics() == {"MonitorFailed": 1.0}


def test_window_that_is_not_over_is_looked_at_but_not_published(stage: Stage):
    stage.hold(**{f"{CAPTURE}2026/01/02/04/a.jsonl": b"{}"})
    answer = handler.handler(TEN_PAST_FOUR | {"window": "2026-01-02T04"}, None)
    (job,) = stage.aws.called("CreateProcessingJob")
    assert job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] == "s3://wages-data/monitoring/prod/now/"
    assert answer["job"].startswith("wages-prod-monitor-2026010204-")
    stage.aws.on(DescribeProcessingJob={"Environment": job["Environment"]})
    handler.handler(ended(answer["job"]), None)
    assert stage.metrics() == {}


def test_batch_takes_what_has_no_output(stage: Stage):
    inputs = {f"batch/prod/input/{name}": b"{}" for name in ("a.json", "more/b.json", "c.json")}
    stage.hold(**inputs, **{"batch/prod/output/a.json.out": b""})
    answer = handler.handler({"kind": "batch", "time": "2026-01-02T04:10:00Z"}, None)
    assert (answer["state"], answer["job"]) == ("started", "wages-prod-batch-202601020410")
    (job,) = stage.aws.called("CreateTransformJob")
    listed = json.loads(stage.objects["batch/prod/jobs/wages-prod-batch-202601020410/inputs.json"])
    assert listed == [{"prefix": BATCH["input_s3_uri"]}, "c.json", "more/b.json"]
    assert (job["ModelName"], job["TransformInput"]["SplitType"]) == ("wages-prod-3", "None")
    assert job["TransformOutput"]["KmsKeyId"] == job["TransformResources"]["VolumeKmsKeyId"] == KEY


def test_batch_waits_for_the_job_that_runs(stage: Stage):
    stage.hold(**{"batch/prod/input/a.json": b"{}"})
    stage.aws.on(ListTransformJobs={"TransformJobSummaries": [summary("wages-prod-batch-202601020400")]})
    answer = handler.handler(
        {"source": "aws.s3", "detail-type": "Object Created", "time": "2026-01-02T04:10:00Z"}, None
    )
    assert (answer["state"], stage.aws.called("CreateTransformJob")) == ("exists", [])


def summary(name: str) -> dict[str, Any]:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    return {
        "TransformJobName": name,
        "TransformJobArn": "arn",
        "CreationTime": moment,
        "TransformJobStatus": "InProgress",
    }


def test_batch_that_ended_leaves_a_manifest_and_takes_up_what_came_meanwhile(stage: Stage):
    name = "wages-prod-batch-202601020410"
    listed = [{"prefix": BATCH["input_s3_uri"]}, "a.json", "bad.json"]
    stage.hold(**{f"batch/prod/input/{key}": b"{}" for key in ("a.json", "bad.json", "late.json")})
    stage.hold(**{f"batch/prod/jobs/{name}/inputs.json": json.dumps(listed).encode()})
    stage.hold(**{"batch/prod/output/a.json.out": b"12345"})
    answer = handler.handler(ended(name, "Failed", "Transform"), None)
    manifest = json.loads(stage.objects[f"batch/prod/jobs/{name}/manifest.json"])
    assert manifest["outputs"] == [{"input": "a.json", "output": "a.json.out", "bytes": 5}]
    assert manifest["missing"] == ["bad.json"]
    assert stage.metrics() == {"BatchFiles": 1.0, "BatchMissing": 1.0, "BatchFailed": 1.0}
    assert answer["job"] == "wages-prod-batch-202601020420"
    assert json.loads(stage.objects[f"batch/prod/jobs/{answer['job']}/inputs.json"])[1:] == ["late.json"]


def test_machine_with_its_own_encryption_takes_no_key():
    assert "VolumeKmsKeyId" not in launch_aws.cluster(SPEC | {"instance_type": "ml.g5.2xlarge"})["ClusterConfig"]
    assert batch.request(SPEC | BATCH | {"instance_type": "ml.g5.2xlarge"}, LIVE, "n")["TransformResources"] == {
        "InstanceType": "ml.g5.2xlarge",
        "InstanceCount": 1,
    }


def test_job_runs_inside_the_projects_network():
    inside = monitor.network(SPEC | {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]})
    assert inside["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
