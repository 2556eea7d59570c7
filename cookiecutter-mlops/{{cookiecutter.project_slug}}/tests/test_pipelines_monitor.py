"""Monitoring, batch inference and ground truth by hand."""

import io
import json
from pathlib import Path
from typing import Any

import captured
import pandas as pd
import pytest
from fake_aws import AwsError, FakeAws, objects, parameters, sequence
from specs import training_spec

from monitoring.quality import Labels
from pipelines import batch, ground_truth, launch, monitor
from pipelines.project import PipelineError
from training.settings import Settings

SPEC = {"launcher": "wages-prod-launch", "ground_truth_s3_uri": "s3://wages-data/ground-truth/prod/"}
BATCH = SPEC | {"output_s3_uri": "s3://wages-data/out/", "manifest_s3_uri": "s3://wages-data/jobs/"}
NOW = {"Account": "1", "ResponseMetadata": {"HTTPHeaders": {"date": "Fri, 02 Jan 2026 04:10:00 GMT"}}}
VERDICT = {"verdict": "Drift in size.", "violations": [{"feature_name": "size", "description": "far away"}]}


def answer(**content: Any) -> Any:
    said = {"state": "started", "job": "wages-prod-monitor-1", "reason": "It runs.", **content}
    return lambda request: {"Payload": io.BytesIO(json.dumps(said).encode())}


@pytest.fixture
def stage(aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeAws:
    """A stage whose job fails or completes as a test says; the working folder is empty."""
    output = {"S3Output": {"S3Uri": "s3://wages-data/monitoring/prod/now/"}}
    done = {"ProcessingJobStatus": "Completed", "ProcessingOutputConfig": {"Outputs": [output]}}
    results = {f"monitoring/prod/now/{name}": b"{}" for name in monitor.RESULTS}
    results["monitoring/prod/now/constraint_violations.json"] = json.dumps(VERDICT).encode()
    specs = {"/wages/training": training_spec(), "/wages/prod/monitoring": SPEC, "/wages/prod/batch": BATCH}
    aws.on(GetParameter=parameters(specs), GetCallerIdentity=NOW, Invoke=answer(), GetObject=objects(results))
    aws.on(DescribeProcessingJob=sequence({"ProcessingJobStatus": "InProgress"}, done))
    aws.on(DescribeLogStreams={"logStreams": []}, PutObject={})
    monkeypatch.chdir(tmp_path)
    return aws


def run(module: Any, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["script", *arguments])
    module.main()


def asked(aws: FakeAws) -> dict[str, Any]:
    (request,) = aws.called("Invoke")
    assert request["FunctionName"] == "wages-prod-launch"
    return json.loads(request["Payload"])


@pytest.mark.parametrize(
    ("window", "expected"),
    [("now", "2026-01-02T04"), ("previous", None), ("2026-01-01T22", "2026-01-01T22")],
)
def test_window_is_asked_for_at_the_time_of_aws(stage: FakeAws, monkeypatch, capsys, window: str, expected: str | None):
    run(monitor, monkeypatch, "--window", window, "--no-open")
    event = asked(stage)
    assert (event["kind"], event["time"], event.get("window")) == ("monitor", "2026-01-02T04:10:00Z", expected)
    assert "Drift in size.\n  size: far away\n" in capsys.readouterr().out
    assert Path(".mlops/monitoring/prod/report.html").is_file()


def test_report_is_opened_unless_told_otherwise(stage: FakeAws, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(monitor.webbrowser, "open", opened.append)
    run(monitor, monkeypatch)
    assert [Path(address).name for address in opened] == ["report.html"]


@pytest.mark.parametrize("window", ["yesterday", "2026-01-02"])
def test_window_that_is_none_is_refused(stage: FakeAws, monkeypatch, window: str):
    with pytest.raises(PipelineError, match="such as 2026-01-02T03"):
        run(monitor, monkeypatch, "--window", window)


def test_nothing_to_monitor_is_told(stage: FakeAws, monkeypatch):
    stage.on(Invoke=answer(state="nothing", job=None, reason="No model is live in prod yet."))
    with pytest.raises(PipelineError, match=r"No model is live in prod yet\."):
        run(monitor, monkeypatch)


def test_job_that_failed_says_why(stage: FakeAws, monkeypatch):
    stage.on(DescribeProcessingJob={"ProcessingJobStatus": "Failed", "ExitMessage": "baseline.json: is not stored"})
    with pytest.raises(PipelineError, match="wages-prod-monitor-1: baseline"):
        run(monitor, monkeypatch)


def test_stage_without_monitoring_says_what_to_do(stage: FakeAws, monkeypatch):
    with pytest.raises(PipelineError, match=r"is not set up for staging; see terraform/monitoring\.tf"):
        run(monitor, monkeypatch, "--stage", "staging")


def test_unknown_stage_is_refused(stage: FakeAws, monkeypatch):
    with pytest.raises(PipelineError, match="must be one of staging, prod"):
        run(monitor, monkeypatch, "--stage", "live")


def test_batch_waits_for_its_manifest_and_names_what_is_missing(stage: FakeAws, monkeypatch):
    stage.on(Invoke=answer(job="job"), DescribeTransformJob={"TransformJobName": "job", "TransformJobStatus": "Failed"})
    result = {"outputs": [{"input": "a"}], "missing": ["bad.json"]}
    stage.on(GetObject=sequence(AwsError("NoSuchKey", status=404), {"Body": io.BytesIO(json.dumps(result).encode())}))
    with pytest.raises(PipelineError, match=r"1 inputs have no output \(bad.json\)"):
        run(batch, monkeypatch)
    assert asked(stage)["kind"] == "batch"


def test_ground_truth_is_read_back_by_monitoring(settings: Settings, tmp_path: Path):
    table = pd.DataFrame({"inference_id": ["a", "b", "b", "c"], "price": ["1.5", "2", "3", ""]})
    captured.write(tmp_path, ground_truth.lines(table, settings.target, "labels.csv"))
    labels = Labels(settings).read(tmp_path)
    assert labels.values == {("a", 0): 1.5, ("b", 0): 2.0, ("b", 1): 3.0}


def test_ground_truth_of_one_place_leaves_the_others_open(settings: Settings, tmp_path: Path):
    table = pd.DataFrame({"inference_id": ["a"], "place": [2], "price": [7]})
    captured.write(tmp_path, ground_truth.lines(table, settings.target, "labels.csv"))
    assert Labels(settings).read(tmp_path).values == {("a", 2): 7.0}


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"id": ["a"], "price": [1]}, "no column 'inference_id'"),
        ({"inference_id": ["a"], "cost": [1]}, "no column 'price'"),
        ({"inference_id": ["a", "b"], "price": [1, "much"]}, "row 3: price must be a number from 0, not 'much'"),
    ],
)
def test_ground_truth_that_breaks_a_rule_is_refused(settings: Settings, columns: dict[str, list], words: str):
    with pytest.raises(PipelineError, match=words):
        ground_truth.lines(pd.DataFrame(columns), settings.target, "labels.csv")


def test_ground_truth_lands_under_the_hour_of_its_arrival(stage: FakeAws):
    uri = ground_truth.upload(SPEC, ["{}"])
    assert uri.startswith("s3://wages-data/ground-truth/prod/2026/01/02/04/10-00-")
    assert stage.called("PutObject")[0]["Body"] == b"{}\n"


def test_time_is_that_of_aws(stage: FakeAws):
    assert f"{launch.time():%Y-%m-%dT%H:%M}" == "2026-01-02T04:10"
