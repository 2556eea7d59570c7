"""Asking the gatekeeper: what a person and the Train build say to it, and what they make of its answer."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_aws import FakeAws, parameters
from specs import training_spec

from pipelines import gatekeeper, register, snapshot, status, train
from pipelines.project import PipelineError

SPEC = {"/wages/retraining": {"function": "wages-retrain"}, "/wages/training": training_spec()}


@pytest.fixture
def asked(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the gatekeeper was asked; it answers start unless a test says otherwise."""
    requests: list[dict[str, Any]] = []
    monkeypatch.setattr(gatekeeper.getpass, "getuser", lambda: "ana")
    aws.on(GetParameter=parameters(SPEC))
    answering(aws, requests, {"decision": "start", "reason": "Training starts.", "execution": "e1"})
    return requests


def answering(aws: FakeAws, requests: list[dict[str, Any]], *answers: dict[str, Any], **more: str) -> None:
    left = list(answers)

    def invoke(request: dict[str, Any]) -> dict[str, Any]:
        requests.append(json.loads(request["Payload"]))
        body = json.dumps(left.pop(0) if len(left) > 1 else left[0]).encode()
        return {"Payload": io.BytesIO(body), **more}

    aws.on(Invoke=invoke)


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["gatekeeper", *arguments])
    gatekeeper.main()


def test_train_says_why_and_who(asked: list[dict[str, Any]], monkeypatch: Any, capsys: pytest.CaptureFixture[str]):
    command(monkeypatch, "train", "--reason", "more trees", "--again")
    assert asked == [
        {"action": "train", "requested_by": "ana", "reason": "more trees", "data_version": "newest", "force": True}
    ]
    assert capsys.readouterr().out == "Training starts. Execution e1.\n"


def test_refusal_is_an_error(aws: FakeAws, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch):
    answering(aws, asked, {"decision": "refuse", "reason": "Training was paused by ana."})
    with pytest.raises(PipelineError, match="paused by ana"):
        command(monkeypatch, "train", "--reason", "now")


def test_project_that_was_applied_before_says_what_to_do(aws: FakeAws, monkeypatch: pytest.MonkeyPatch):
    aws.on(GetParameter=parameters({}))
    with pytest.raises(PipelineError, match="run `mlops apply` first"):
        command(monkeypatch, "pause")
    assert list(gatekeeper.summary()) == []


def test_failure_of_the_function_is_a_sentence(aws: FakeAws, asked: list[dict[str, Any]]):
    answering(aws, asked, {"errorMessage": "Task timed out"}, FunctionError="Unhandled")
    with pytest.raises(PipelineError, match=r"wages-retrain: failed with 'Task timed out'"):
        gatekeeper.ask("status")


def test_code_is_what_goes_into_the_images(tmp_path: Path):
    (tmp_path / "training").mkdir()
    (tmp_path / ".dockerignore").write_text("*\n!project.toml\n!training\n")
    for name in ("project.toml", "training/model.py", "README.md"):
        (tmp_path / name).write_text("1")
    first = gatekeeper.code_sha256(tmp_path)
    (tmp_path / "README.md").write_text("2")
    (tmp_path / "project.toml").write_text("2")  # its sum is compared by itself
    assert gatekeeper.code_sha256(tmp_path) == first
    (tmp_path / "training" / "model.py").write_text("2")
    assert gatekeeper.code_sha256(tmp_path) != first


@pytest.fixture
def build(asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The Train build of an execution; what it trained."""
    trained: list[str] = []
    data = snapshot.Snapshot("v1", "s3://wages-data/snapshots/v1/", False)
    variables = {"EXECUTION": "p1", "TRAIN_IMAGE": "i", "COMMIT": "c", "REASON": "commit", "REQUESTED_BY": "push"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(train, "HANDOVER", tmp_path / "handed" / "job.json")
    monkeypatch.setattr(snapshot, "wanted", lambda spec, version: data)
    monkeypatch.setattr(train, "train", lambda spec, order: trained.append(order.commit) or "job-1")
    monkeypatch.setattr(sys, "argv", ["train"])
    return trained


def test_build_that_is_admitted_trains(build: list[str], asked: list[dict[str, Any]]):
    train.main()
    (request,) = asked
    assert (request["action"], request["execution"], request["reason"]) == ("admit", "p1", "commit")
    assert set(request["facts"]) == {"code_sha256", "settings_sha256", "data_version"}
    assert (build, register.handed_over()) == (["c"], "job-1")


def test_build_with_nothing_to_learn_ends_green(
    aws: FakeAws, build: list[str], asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
):
    answering(aws, asked, {"decision": "skip", "reason": "Version 7 is live: nothing to learn."})
    train.main()
    register.main()
    assert build == []
    assert "Version 7 is live" in capsys.readouterr().out


def test_build_asks_again_while_another_trains(aws: FakeAws, build: list[str], asked: list[dict[str, Any]]):
    waits = {"decision": "wait", "reason": "Run e0 trains already.", "again": True}
    answering(aws, asked, waits, waits, {"decision": "start", "reason": "Training is admitted."})
    train.main()
    assert (len(asked), build) == (3, ["c"])


def test_pushed_data_counts_as_new_data_once_a_model_is_live(aws: FakeAws, asked: list[dict[str, Any]]):
    assert gatekeeper.new_data("wages.csv") is None
    aws.on(GetParameter=parameters(SPEC | {"/wages/prod/live": {"version": 1}}))
    assert gatekeeper.new_data("wages.csv") == "Training starts."
    assert asked == [{"action": "train", "kind": "data", "reason": "data wages.csv", "requested_by": "ana"}]


def test_status_shows_what_runs_and_what_waits(aws: FakeAws, asked: list[dict[str, Any]]):
    works = [{"reason": "data raw/a", "count": 2}]
    state = {"decision": "status", "reason": "3 of 4 are left.", "pending": works}
    answering(aws, asked, state | {"runs": [{"works": works, "execution": "e1"}]})
    assert list(status.gatekeeper.summary()) == [
        "training: 3 of 4 are left.",
        "  runs   data raw/a and 1 more (e1)",
        "  waits  data raw/a and 1 more",
    ]
