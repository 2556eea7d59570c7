"""Going back is one command, is remembered, and is not undone by a later event."""

import json
from typing import Any

import pytest
from fake_aws import AwsError, FakeAws, parameters, sequence
from specs import GROUP_ARN, package, registry, training_spec

from pipelines import releases, rollback
from pipelines.project import PipelineError

EXECUTION = "00000000-0000-4000-8000-000000000001"
TOKEN = {"token": "9f1d8a1c-1f0e-4c26-8f0e-000000000000"}


def release(version: int, day: int = 1) -> dict[str, Any]:
    origin = {"commit": "1a2b3c4d5e", "data_version": "v1", "metric": "mae", "value": "224"}
    identity = {"model_package_arn": f"{GROUP_ARN}/{version}", "version": version}
    return identity | origin | {"released_at": f"2026-01-{day:02}T00:00:00Z", "reason": "new data"}


def history(*versions: int) -> dict[str, Any]:
    values = [json.dumps(release(version, day)) for day, version in enumerate(versions, 1)]
    return {"Parameters": [{"Version": number, "Value": value} for number, value in enumerate(values, 1)]}


@pytest.fixture
def live(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """Version 4 is live in prod, the only stage; 2 and 3 were before."""
    published = {"/wages/training": training_spec(stages=["prod"]), "/wages/prod/live": release(4)}
    aws.on(**registry(package(2), package(3), package(4), package(5)))
    aws.on(GetParameter=parameters(published), GetParameterHistory=history(2, 3, 4))
    aws.on(StartPipelineExecution={"pipelineExecutionId": EXECUTION})
    monkeypatch.setattr("sys.argv", ["rollback"])
    return aws


def rejected(aws: FakeAws) -> list[str]:
    updates = aws.called("UpdateModelPackage")
    assert {update["ModelApprovalStatus"] for update in updates} <= {"Rejected"}
    return [update["ModelPackageArn"].rpartition("/")[2] for update in updates]


def test_rollback_rejects_the_live_model_and_releases_the_one_before(live: FakeAws):
    rollback.main()
    assert rejected(live) == ["4"]
    (started,) = live.called("StartPipelineExecution")
    variables = {variable["name"]: variable["value"] for variable in started["variables"]}
    assert variables["MODEL_PACKAGE"] == f"{GROUP_ARN}/3"
    assert variables["REASON"] == "rolled back from version 4 by a person"


def test_rollback_over_several_rejects_each_of_them_and_no_newer_one(live: FakeAws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.argv", ["rollback", "--to", "2"])
    rollback.main()
    assert sorted(rejected(live)) == ["3", "4"]


def test_rollback_passes_over_what_was_rejected_since(live: FakeAws):
    live.on(**registry(package(2), package(3, "Rejected"), package(4)))
    assert rollback.previous("prod", release(4)).version == 2
    live.on(**registry(package(2, "Rejected"), package(3, "Rejected"), package(4)))
    with pytest.raises(PipelineError, match="version 4 is the only good one"):
        rollback.previous("prod", release(4))


def test_rollback_to_a_model_that_the_gate_stopped_changes_nothing(live: FakeAws, monkeypatch: pytest.MonkeyPatch):
    live.on(**registry(package(2, verdict="rejected"), package(4)))
    monkeypatch.setattr("sys.argv", ["rollback", "--to", "2"])
    with pytest.raises(PipelineError, match="did not pass the gate"):
        rollback.main()
    assert rejected(live) == []


def two_stages(aws: FakeAws, *states: dict[str, Any]) -> None:
    published = {"/wages/training": training_spec(), "/wages/prod/live": release(4)}
    aws.on(GetParameter=parameters(published), PutApprovalResult={}, GetPipelineState=sequence(*states))
    aws.on(GetPipelineExecution={"pipelineExecution": {"status": "InProgress"}})
    variables = {"output": {"outputVariables": {"MODEL_PACKAGE_ARN": f"{GROUP_ARN}/3"}}}
    aws.on(ListActionExecutions={"actionExecutionDetails": [variables]})


def approval(execution: str, **latest: Any) -> dict[str, Any]:
    action = {"actionName": "Approve", "latestExecution": {"status": "InProgress", **latest}}
    running = {"pipelineExecutionId": execution, "status": "InProgress"}
    return {"stageStates": [{"stageName": "Approve", "actionStates": [action], "latestExecution": running}]}


def test_rollback_approves_its_own_release_and_rejects_one_that_stands_in_its_way(live: FakeAws):
    other = EXECUTION.replace("1", "2")
    two_stages(live, approval(other, **TOKEN), {"stageStates": []}, approval(EXECUTION, **TOKEN))
    rollback.main()
    assert [given["result"]["status"] for given in live.called("PutApprovalResult")] == ["Rejected", "Approved"]
    assert len(live.called("GetPipelineState")) == 4  # three looks, and one for the token


def test_rollback_whose_release_fails_before_production_says_so(live: FakeAws):
    two_stages(live, {"stageStates": []})
    live.on(GetPipelineExecution={"pipelineExecution": {"status": "Failed"}})
    with pytest.raises(PipelineError, match="ended before prod"):
        rollback.main()
    assert live.called("PutApprovalResult") == []


def test_releases_tell_what_was_live_when_and_why(live: FakeAws, monkeypatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.argv", ["releases"])
    releases.main()
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == list(releases.HEADER)
    assert [line.split()[1:4] for line in lines] == [
        ["4", "2026-01-03T00:00:00Z", "now"],
        ["3", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"],
        ["2", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"],
    ]
    assert all(line.endswith("1a2b3c4d  v1    mae 224  new data") for line in lines)


def test_releases_before_the_first_say_so(live: FakeAws, monkeypatch, capsys: pytest.CaptureFixture[str]):
    live.on(GetParameterHistory=AwsError("ParameterNotFound"))
    monkeypatch.setattr("sys.argv", ["releases"])
    releases.main()
    assert capsys.readouterr().out == "nothing was released yet\n"


@pytest.mark.parametrize("command", [rollback, releases], ids=["rollback", "releases"])
def test_stage_that_the_project_has_not_is_refused_with_those_that_it_has(live: FakeAws, monkeypatch, command):
    monkeypatch.setattr("sys.argv", ["command", "--stage", "prd"])
    with pytest.raises(PipelineError, match=r"--stage: must be one of prod \(got: prd\)"):
        command.main()
    assert rejected(live) == []
