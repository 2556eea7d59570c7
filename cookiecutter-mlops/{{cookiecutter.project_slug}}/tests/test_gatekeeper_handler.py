"""The gatekeeper's function: what it reads of its messages, and that a crash at any point loses nothing."""

import json
from typing import Any

import pytest
from fake_aws import AwsError, FakeAws

from functions.retrain import events, handler, state, store
from functions.retrain.state import State, Work

FACTS = {"code_sha256": "c", "settings_sha256": "s", "data_version": "v2"}


def message(body: Any, identity: str = "m1") -> dict[str, Any]:
    return {
        "messageId": identity,
        "eventSource": "aws:sqs",
        "body": body if isinstance(body, str) else json.dumps(body),
    }


def created(key: str, version: str = "1", identity: str = "m1") -> dict[str, Any]:
    detail = {"bucket": {"name": "wages-data"}, "object": {"key": key, "version-id": version, "etag": "e"}}
    return message({"source": "aws.s3", "detail-type": "Object Created", "detail": detail}, identity)


@pytest.mark.parametrize(
    ("arrival", "key", "counts"),
    [
        ("manifest", "raw/a/_SUCCESS", True),
        ("manifest", "raw/a/part.csv", False),
        ("manifest", "snapshots/a/_SUCCESS", False),
        ("quiet-period", "raw/a/part.csv", True),
        ("quiet-period", "raw/a/_SUCCESS", False),
        ("quiet-period", "raw/a/.part.csv.crc", False),
    ],
)
def test_objects_that_count_as_data(arrival: str, key: str, counts: bool):
    assert (events.read(created(key), arrival).work is not None) == counts


def alarm(value: str) -> dict[str, Any]:
    detail = {"alarmName": "wages-prod-drift", "state": {"value": value}}
    return message(
        {"id": "i", "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "detail": detail}
    )


def test_alarm_asks_for_training_and_its_end_does_not():
    assert events.read(alarm("ALARM"), "manifest").work == Work("alarm", "alarm wages-prod-drift")
    assert events.read(alarm("OK"), "manifest").work is None


@pytest.mark.parametrize("body", ["{", "[]", '"text"', {}, {"detail-type": "Other"}, {"detail-type": "Object Created"}])
def test_message_that_makes_no_sense_is_an_error(body: Any):
    with pytest.raises(ValueError):
        events.read(message(body), "manifest")


def test_reason_cannot_leave_the_json_of_a_build():
    assert events.tidy('x", "name": "PATH') == "x_, _name_: _PATH"


class Table:
    """DynamoDB as far as the gatekeeper uses it, and a pipeline that knows its request tokens."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}
        self.executions: dict[str, list[dict[str, str]]] = {}

    def get(self, request: dict[str, Any]) -> dict[str, Any]:
        metadata = {"HTTPHeaders": {"date": "Wed, 25 Nov 2026 12:00:00 GMT"}}
        item = self.items.get(request["Key"]["id"]["S"])
        return {"ResponseMetadata": metadata} | ({"Item": item} if item else {})

    def batch(self, request: dict[str, Any]) -> dict[str, Any]:
        keys = [key["id"]["S"] for key in request["RequestItems"]["wages-retrain"]["Keys"]]
        return {"Responses": {"wages-retrain": [self.items[key] for key in keys if key in self.items]}}

    def write(self, request: dict[str, Any]) -> dict[str, Any]:
        for put in (entry["Put"] for entry in request["TransactItems"]):
            known, wanted = self.items.get(put["Item"]["id"]["S"]), put.get("ExpressionAttributeValues")
            if known and (not wanted or known["version"] != wanted[":v"]):
                raise AwsError("TransactionCanceledException")
        self.items |= {entry["Put"]["Item"]["id"]["S"]: entry["Put"]["Item"] for entry in request["TransactItems"]}
        return {}

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        self.executions.setdefault(request["clientRequestToken"], request["variables"])
        return {"pipelineExecutionId": f"of-{request['clientRequestToken']}"}

    @property
    def state(self) -> State:
        return state.load(self.items["state"]["body"]["S"])


@pytest.fixture
def table(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Table:
    monkeypatch.setattr(store, "client", aws.client)
    settings = {"TABLE": "wages-retrain", "PIPELINE": "wages-train", "ARRIVAL": "manifest", "DAILY_CAP": "3"}
    settings |= {"QUIET_SECONDS": "600", "COOL_DOWN_SECONDS": "0", "RUN_LIMIT_SECONDS": "36000"}
    settings |= {"METRIC_NAMESPACE": "MLOps/wages", "LIVE_PARAMETER": "/wages/prod/live"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    fake = Table()
    aws.on(GetItem=fake.get, BatchGetItem=fake.batch, TransactWriteItems=fake.write)
    aws.on(StartPipelineExecution=fake.start, GetParameter=AwsError("ParameterNotFound"))
    aws.on(GetPipelineExecution={"pipelineExecution": {"status": "InProgress"}})
    return fake


def queue(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"Records": list(messages)}


def test_event_that_is_delivered_twice_counts_once(table: Table):
    for _ in range(2):
        handler.handler(queue(created("raw/a/_SUCCESS"), created("raw/a/_SUCCESS", identity="m2")), None)
    assert len(table.executions) == 1
    assert table.state.pending == ()


def test_new_version_of_an_object_counts_again(table: Table):
    for version in ("1", "2"):
        handler.handler(queue(created("raw/a/_SUCCESS", version)), None)
    assert [work.count for work in table.state.pending] == [1]


def test_end_of_the_run_starts_what_waits(table: Table):
    handler.handler(queue(created("raw/a/_SUCCESS")), None)
    handler.handler(queue(created("raw/b/_SUCCESS")), None)
    (first,) = table.state.runs
    detail = {"pipeline": "wages-train", "execution-id": first.execution, "state": "SUCCEEDED"}
    kind = "CodePipeline Pipeline Execution State Change"
    handler.handler(queue(message({"source": "aws.codepipeline", "detail-type": kind, "detail": detail})), None)
    (second,) = table.state.runs
    assert [work.reason for work in second.works] == ["data raw/b/_SUCCESS"]
    values = {entry["name"]: entry["value"] for entry in table.executions[second.token]}
    assert values == {"REASON": "data raw/b/_SUCCESS", "DATA_VERSION": "newest", "REQUESTED_BY": "events"}


def test_crash_between_lock_and_start_is_made_good_by_the_next_tick(aws: FakeAws, table: Table):
    aws.on(StartPipelineExecution=AwsError("InternalFailure", status=400))
    with pytest.raises(Exception, match="InternalFailure"):
        handler.handler(queue(created("raw/a/_SUCCESS")), None)
    assert [run.execution for run in table.state.runs] == [None]
    aws.on(StartPipelineExecution=table.start)
    handler.handler(queue(message({"reason": "tick"})), None)
    handler.handler(queue(created("raw/a/_SUCCESS")), None)  # SQS delivers it again
    assert [run.execution for run in table.state.runs] == [f"of-{next(iter(table.executions))}"]
    assert len(table.executions) == 1


def test_end_whose_event_never_came_is_noticed(aws: FakeAws, table: Table):
    handler.handler(queue(created("raw/a/_SUCCESS")), None)
    aws.on(GetPipelineExecution={"pipelineExecution": {"status": "Failed"}})
    handler.handler(queue(message({"reason": "tick"})), None)
    assert table.state.runs == ()


def test_poisoned_message_is_left_to_the_dead_letter_queue(table: Table, capsys: pytest.CaptureFixture[str]):
    answer = handler.handler(queue(message("no json", "bad"), created("raw/a/_SUCCESS", identity="good")), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert len(table.executions) == 1
    assert "Not understood" in capsys.readouterr().out


def test_write_that_lost_the_race_decides_anew(aws: FakeAws, table: Table):
    def raced(request: dict[str, Any]) -> dict[str, Any]:
        aws.on(TransactWriteItems=table.write)
        handler.handler(queue(created("raw/first/_SUCCESS")), None)
        return table.write(request)

    aws.on(TransactWriteItems=raced)
    handler.handler(queue(created("raw/second/_SUCCESS")), None)
    assert len(table.executions) == 1
    assert [work.reason for work in table.state.pending] == ["data raw/second/_SUCCESS"]


def test_decision_is_one_line_and_one_metric(table: Table, capsys: pytest.CaptureFixture[str]):
    answer = handler.handler({"action": "train", "reason": "a try", "requested_by": "ana"}, None)
    (line,) = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert answer["decision"] == logged["decision"] == "start"
    (metric,) = logged["_aws"]["CloudWatchMetrics"]
    assert metric["Namespace"] == "MLOps/wages"
    assert logged[metric["Metrics"][0]["Name"]] == 1
    assert answer["execution"] == table.state.runs[0].execution


def test_budget_alert_stops_and_resume_lifts_it(table: Table):
    handler.handler({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "AWS Budget Notification"}}]}, None)
    assert handler.handler({"action": "train", "reason": "more"}, None)["decision"] == "refuse"
    assert "budget" in handler.handler({"action": "status"}, None)["reason"]
    handler.handler({"action": "resume"}, None)
    assert handler.handler({"action": "train", "reason": "more"}, None)["decision"] == "start"


def test_admission_reads_what_is_live(aws: FakeAws, table: Table):
    aws.on(GetParameter={"Parameter": {"Value": json.dumps(FACTS | {"version": 7})}})
    request = {"action": "admit", "execution": "p1", "facts": FACTS, "reason": "commit"}
    assert handler.handler(request, None)["decision"] == "skip"
    assert handler.handler(request | {"facts": FACTS | {"code_sha256": "new"}}, None)["decision"] == "start"


def test_unknown_action_is_refused_with_the_known_ones(table: Table):
    assert "train, admit, pause, resume, status" in handler.handler({"action": "go"}, None)["reason"]
