"""The function that starts monitoring: which window, with which history, and what it publishes of a job's end."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from fake_aws import AwsError
from fake_stage import CAPTURE, SPEC, Stage, ended
from specs import KEY

from functions.launch import handler, monitor, window

TEN_PAST_FOUR = {"kind": "monitor", "time": "2026-01-02T04:10:00Z"}
THREE = f"{CAPTURE}2026/01/02/03/00-00-000.jsonl"
TOLD = {"MONITOR_START": "2026-01-02T03", "MONITOR_HOURS": "1", "MONITOR_COMPLETE": "yes"}  # a job of its window


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
    assert output(job) == "s3://wages-data/monitoring/prod/2026/01/02/03/"
    assert job["Environment"]["MONITOR_SHARE"] == "0.5"
    assert (job["Environment"]["MONITOR_REQUESTS"], job["Environment"]["MONITOR_ERRORS"]) == ("40.0", "80.0")


def output(job: dict[str, Any]) -> str:
    return job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]


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
    stage.aws.on(DescribeProcessingJob={"Environment": TOLD})
    results = [{"name": "Drift", "value": 3.0}, {"name": "Drift", "value": 3.0, "feature": "años"}]
    stage.hold(**{"monitoring/prod/2026/01/02/03/metrics.json": json.dumps({"metrics": results}).encode()})
    handler.handler(ended("wages-prod-monitor-2026010203"), None)
    assert stage.metrics() == {"MonitorFailed": 0.0, "Drift": 3.0, "Drift a&#241;os": 3.0}
    request = stage.aws.called("PutMetricData")[-1]
    assert request["Namespace"] == "MLOps/wages"
    assert request["MetricData"][0]["Timestamp"] == datetime(2026, 1, 2, 4, tzinfo=UTC)


def test_failed_job_is_a_metric(stage: Stage):
    stage.aws.on(DescribeProcessingJob={"Environment": TOLD})
    handler.handler(ended("wages-prod-monitor-2026010203", "Failed"), None)
    assert stage.metrics() == {"MonitorFailed": 1.0}


def test_window_that_is_not_over_is_looked_at_but_not_published(stage: Stage):
    stage.hold(**{f"{CAPTURE}2026/01/02/04/a.jsonl": b"{}"})
    answer = handler.handler(TEN_PAST_FOUR | {"window": "2026-01-02T04"}, None)
    (job,) = stage.aws.called("CreateProcessingJob")
    assert output(job) == "s3://wages-data/monitoring/prod/now/"
    assert answer["job"].startswith("wages-prod-monitor-2026010204-")
    stage.aws.on(DescribeProcessingJob={"Environment": job["Environment"]})
    handler.handler(ended(answer["job"]), None)
    assert stage.metrics() == {}


def test_job_runs_inside_the_projects_network():
    inside = monitor.network(SPEC | {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]})
    assert inside["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
