"""Every trained model is registered with its verdict; only one that passed the gate can ever be approved."""

import io
import json
import tarfile
from typing import Any

import pytest
from fake_aws import FakeAws, objects, parameters
from specs import GROUP_ARN, package, registry, training_spec

from pipelines import approve, register
from pipelines.project import PipelineError

SNAPSHOT = {"version": "v1", "sample": False, "files": []}
JOB = {
    "TrainingJobName": "wages-20260102030405-1a2b3c4d",
    "ModelArtifacts": {"S3ModelArtifacts": "s3://wages-models/training/job/output/model.tar.gz"},
    "AlgorithmSpecification": {"TrainingImage": "repository@sha256:0"},
    "InputDataConfig": [{"DataSource": {"S3DataSource": {"S3Uri": "s3://wages-data/snapshots/v1/"}}}],
    "Environment": {"MLOPS_COMMIT": "1a2b3c4d5e6f", "MLOPS_DATA_VERSION": "v1"},
}
GOOD = {"metric": "mae", "value": 100.0, "baseline": 300.0, "higher_is_better": False, "data_version": "v1"}
GOOD |= {"rows": {"train": 8000, "holdout": 2000}, "settings_sha256": "5e77", "metrics": {"mae": 100.0}}
BASELINE = {"rows": 8000, "columns": {}}


def archive(files: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member, body = tarfile.TarInfo(name), json.dumps(content).encode()
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return buffer.getvalue()


@pytest.fixture
def trained(aws: FakeAws) -> FakeAws:
    """AWS after a job; nothing is live."""
    aws.on(**registry(), PutObject={}, CreateModelPackage={"ModelPackageArn": f"{GROUP_ARN}/3"})
    aws.on(GetParameter=parameters({}))
    return with_evaluation(aws, GOOD)


def with_evaluation(aws: FakeAws, evaluation: dict[str, Any]) -> FakeAws:
    stored = {
        "training/job/output/output.tar.gz": archive({"evaluation.json": evaluation, "baseline.json": BASELINE}),
        "snapshots/v1/manifest.json": json.dumps(SNAPSHOT).encode(),
    }
    aws.on(GetObject=objects(stored))
    return aws


def test_good_model_waits_for_a_person(trained: FakeAws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REASON", "new data: 500 rows (weekly)")
    assert register.register(training_spec(), JOB, "repository@sha256:1").passed
    (created,), (decided,) = trained.called("CreateModelPackage"), trained.called("UpdateModelPackage")
    assert created["ModelApprovalStatus"] == decided["ModelApprovalStatus"] == "PendingManualApproval"
    assert created["InferenceSpecification"]["Containers"][0]["Image"] == "repository@sha256:1"
    facts = created["CustomerMetadataProperties"]
    assert (facts["value"], facts["verdict"], facts["sample"]) == ("100", "passed", "false")
    assert facts["reason"] == "new data: 500 rows  weekly "
    assert (facts["train_image"], facts["settings_sha256"]) == ("repository@sha256:0", "5e77")


def test_package_names_another_image_where_the_spec_does(trained: FakeAws):
    serving = {"image": "vllm@sha256:2", "environment": {"SM_VLLM_MAX_MODEL_LEN": "512"}}
    register.register(training_spec(serving=serving), JOB, "repository@sha256:1")
    (container,) = trained.called("CreateModelPackage")[0]["InferenceSpecification"]["Containers"]
    assert (container["Image"], container["Environment"]) == (serving["image"], serving["environment"])


def test_verdict_evaluation_and_baseline_are_stored_where_the_registry_points_at(trained: FakeAws):
    verdict = register.register(training_spec(), JOB, "image")
    (created,) = trained.called("CreateModelPackage")
    stored = {f"s3://{request['Bucket']}/{request['Key']}": request["Body"] for request in trained.called("PutObject")}
    quality, data = created["ModelMetrics"]["ModelQuality"], created["ModelMetrics"]["ModelDataQuality"]
    assert json.loads(stored[quality["Statistics"]["S3Uri"]]) == GOOD
    assert json.loads(stored[quality["Constraints"]["S3Uri"]]) == verdict.to_dict()
    assert json.loads(stored[data["Statistics"]["S3Uri"]]) == BASELINE
    facts = created["CustomerMetadataProperties"]
    assert facts["baseline_s3_uri"] == data["Statistics"]["S3Uri"]
    (text,) = (body.decode() for address, body in stored.items() if address.endswith("verdict.txt"))
    assert verdict.table() in text


def test_good_model_is_approved_where_the_project_says_so(trained: FakeAws):
    register.register(training_spec(model_approval="automatic"), JOB, "image")
    assert trained.called("CreateModelPackage")[0]["ModelApprovalStatus"] == "PendingManualApproval"
    assert trained.called("UpdateModelPackage")[0]["ModelApprovalStatus"] == "Approved"


@pytest.mark.parametrize("value", [299.0, float("nan"), float("inf"), None, "1"], ids=str)
def test_model_that_fails_the_gate_is_rejected_also_where_approval_is_automatic(trained: FakeAws, value: Any):
    with_evaluation(trained, GOOD | {"value": value})
    assert not register.register(training_spec(model_approval="automatic"), JOB, "image").passed
    (created,), (decided,) = trained.called("CreateModelPackage"), trained.called("UpdateModelPackage")
    assert created["ModelApprovalStatus"] == decided["ModelApprovalStatus"] == "Rejected"
    assert created["CustomerMetadataProperties"]["verdict"] == "rejected"
    assert "baseline" in decided["ApprovalDescription"]


def test_model_worse_than_the_live_one_on_the_same_data_is_rejected(trained: FakeAws):
    live = {"model_package_arn": f"{GROUP_ARN}/2", "version": 2}
    trained.on(GetParameter=parameters({"/wages/prod/live": live}))
    trained.on(**registry(package(2, value="90", data_version="v1")))
    assert not register.register(training_spec(), JOB, "image").passed


@pytest.mark.parametrize(("interval", "passed"), [([0.01, 0.03], True), ([-0.3, -0.1], False), (None, False)])
def test_model_is_compared_with_the_live_one_on_the_rows_of_the_job(trained: FakeAws, interval: Any, passed: bool):
    live = {"model_package_arn": f"{GROUP_ARN}/2", "version": 2}
    trained.on(GetParameter=parameters({"/wages/prod/live": live}), **registry(package(2, data_version="v0")))
    compared = {"version": "2", "value": 102.0, "improvement": 0.02, "interval": interval, "confidence": 0.95}
    with_evaluation(trained, GOOD | {"live": compared if interval else None})
    assert register.register(training_spec(), JOB, "image").passed is passed
    facts = trained.called("CreateModelPackage")[0]["CustomerMetadataProperties"]
    assert facts["compared_with"] == ("2" if interval else "nothing")


def test_same_job_is_registered_under_the_same_token(trained: FakeAws):
    register.register(training_spec(), JOB, "image")
    register.register(training_spec(), JOB, "image")
    first, second = trained.called("CreateModelPackage")
    assert first["ClientToken"] == second["ClientToken"]


def test_job_without_evaluation_is_not_registered(trained: FakeAws):
    trained.on(GetObject=objects({"training/job/output/output.tar.gz": archive({"other.json": {}})}))
    with pytest.raises(PipelineError, match=r"no readable evaluation\.json"):
        register.register(training_spec(), JOB, "image")
    assert trained.called("CreateModelPackage") == []


ONE_STAGE = training_spec(stages=["prod"])


def test_newest_waiting_model_is_approved(aws: FakeAws):
    aws.on(**registry(package(3, "PendingManualApproval"), package(4, "PendingManualApproval"), package(5, "Rejected")))
    assert approve.approve_package(ONE_STAGE, None).version == 4
    (update,) = aws.called("UpdateModelPackage")
    assert (update["ModelPackageArn"], update["ModelApprovalStatus"]) == (f"{GROUP_ARN}/4", "Approved")


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (package(3, "Rejected", verdict="rejected"), "did not pass the gate"),
        (package(3, "PendingManualApproval", verdict="rejected"), "did not pass the gate"),
        (package(3, "PendingManualApproval", sample="true"), "synthetic sample"),
    ],
    ids=["rejected", "failed-gate", "sample"],
)
def test_unfit_model_cannot_be_approved(aws: FakeAws, candidate: dict[str, Any], reason: str):
    aws.on(**registry(candidate))
    with pytest.raises(PipelineError, match=reason):
        approve.approve_package(ONE_STAGE, 3)
    assert aws.called("UpdateModelPackage") == []


def test_model_that_was_rolled_back_is_approved_by_its_version_only(aws: FakeAws):
    aws.on(**registry(package(3, "Rejected")))
    assert approve.approve_package(ONE_STAGE, None) is None
    assert approve.approve_package(ONE_STAGE, 3).version == 3
    assert [update["ModelApprovalStatus"] for update in aws.called("UpdateModelPackage")] == ["Approved"]


def waiting(token: dict[str, str]) -> dict[str, Any]:
    action = {"actionName": "Approve", "latestExecution": {"status": "InProgress", **token}}
    execution = {"pipelineExecutionId": "00000000-0000-4000-8000-000000000001", "status": "InProgress"}
    approval = {"stageName": "Approve", "actionStates": [action], "latestExecution": execution}
    return {"stageStates": [{"stageName": "Source"}, approval]}


def test_waiting_release_is_approved_by_its_token(aws: FakeAws):
    aws.on(**registry(package(3), package(4)), PutApprovalResult={})
    aws.on(GetPipelineState=waiting({"token": "9f1d8a1c-1f0e-4c26-8f0e-000000000000"}))
    released = {"output": {"outputVariables": {"MODEL_PACKAGE_ARN": f"{GROUP_ARN}/3"}}}
    aws.on(ListActionExecutions={"actionExecutionDetails": [{"actionName": "Source"}, released]})
    assert approve.approve_release(training_spec(), None).version == 3
    (request,) = aws.called("PutApprovalResult")
    assert (request["stageName"], request["result"]["status"]) == ("Approve", "Approved")
    with pytest.raises(PipelineError, match=r"is version 3 \(got: 4\)"):
        approve.approve_release(training_spec(), 4)


def test_release_that_builds_is_not_waiting(aws: FakeAws):
    aws.on(GetPipelineState=waiting({}))
    assert approve.approve_release(training_spec(), None) is None


@pytest.mark.parametrize(
    ("earlier", "passed"),
    [
        (package(2, "Rejected", commit="1a2b", data_version="v1"), False),
        (package(2, "Rejected", commit="1a2b", data_version="v1", verdict="rejected"), True),  # by the gate itself
        (package(2, "Rejected", commit="1a2b", data_version="v0"), True),
        (package(2, commit="1a2b", data_version="v1"), True),
    ],
    ids=["rolled-back", "failed-gate", "other-data", "good"],
)
def test_model_that_was_rolled_back_does_not_return_by_training_it_again(
    trained: FakeAws, earlier: dict[str, Any], passed: bool
):
    with_evaluation(trained, GOOD | {"commit": "1a2b"})
    trained.on(**registry(earlier))
    verdict = register.register(training_spec(model_approval="automatic"), JOB, "image")
    assert verdict.passed is passed
    assert ("version 2 was the same" in verdict.sentence()) is not passed
