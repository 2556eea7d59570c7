"""Call analytics: a call's intents, and a table of calls that Athena reads."""

import base64
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cookiecutter_mlops.loop import LoopProject
from tests.loop.asked import answered_in_batch
from tests.loop.use_cases import Case

CALL = [
    {"speaker": "customer", "text": "hello"},
    {"speaker": "agent", "text": "welcome to the bank, how can i help you"},
    {"speaker": "customer", "text": "i lost my card, i am not happy about it"},
    {"speaker": "agent", "text": "may i have your name please"},
    {"speaker": "customer", "text": "it is Ada Castillo"},
]


def call_is_understood(answer: dict[str, Any]) -> None:
    detail, empty = answer["details"]
    assert answer["predictions"] == ["give_details|greeting|report_lost_card", ""]
    assert (detail["turns"][4]["text"], detail["feeling"]) == ("it is [NAME]", "negative")
    assert detail["turns"][4]["slots"] == [{"slot": "name", "value": "Ada Castillo"}]
    assert "nobody says a word" in empty["problem"]


def calls_become_a_table(project: LoopProject) -> None:
    """Batch inference answers each file once, in Parquet; Athena reads it by the table that Glue has."""
    before, day = (str(datetime.now(UTC).date() - timedelta(days=days)) for days in (2, 1))
    given = {
        f"day={before}/a.json": [{"call": "c1", "turns": CALL}, {"call": "c2", "turns": "hello"}],
        f"day={day}/b.json": [{"call": "c3", "turns": CALL[:3]}, {"call": "c4", "problem": "c4.wav is no audio."}],
        f"day={day}/c.json": [{"call": "c5", "turns": CALL[:3]}],
        f"day={day}/sound/c6.json": [{"call": "c6", "audio": base64.b64encode(b"RIFF and nothing").decode()}],
        f"day={day}/wrong.json": [{"call": "c7", "turns": "hello"}],  # alone, and a row all the same
    }
    answered_in_batch(project, {name: json.dumps({"instances": calls}).encode() for name, calls in given.items()})
    table = project.client("glue").get_table(DatabaseName="salary_prediction", Name="calls_prod")["Table"]
    written = stored(project, table)
    rows = queried(project, "SELECT call, day, problem FROM calls_prod ORDER BY call")
    assert [row["call"] for row in rows] == ["c1", "c2", "c3", "c4", "c5", "c6", "c7"]  # exactly one row for each
    assert [row["day"] for row in rows] == [before, before, day, day, day, day, day]
    assert [row["problem"] for row in rows[2:5]] == [None, "c4.wav is no audio.", None]
    assert all("must be a list of turns" in rows[place]["problem"] for place in (1, 6))
    assert "this is no audio" in rows[5]["problem"]
    intents_are_counted(project, before, day)
    project.mlops("batch", ok=False)  # nothing is pending
    assert stored(project, table) == written


def intents_are_counted(project: LoopProject, before: str, day: str) -> None:
    """The query that every project saves for its analysts: the calls of each intent, by day."""
    rows = queried(project, named_query(project, "intents-per-day-prod"))
    assert [row["day"] for row in rows] == [before] * 3 + [day] * 2
    assert {(row["day"], row["intent"]): row["calls"] for row in rows} == {
        (before, "give_details"): "1",
        (before, "greeting"): "1",
        (before, "report_lost_card"): "1",
        (day, "greeting"): "2",
        (day, "report_lost_card"): "2",
    }


def named_query(project: LoopProject, name: str) -> str:
    """A query that Terraform has saved in the project's workgroup."""
    athena = project.client("athena")
    saved = [
        athena.get_named_query(NamedQueryId=each)["NamedQuery"]
        for each in athena.list_named_queries(WorkGroup="salary-prediction-calls")["NamedQueryIds"]
    ]
    return next(query["QueryString"] for query in saved if query["Name"] == name)


def queried(project: LoopProject, query: str) -> list[dict[str, str | None]]:
    """What Athena answers, as texts, and that it leaves the same below the workgroup's location."""
    athena, context = project.client("athena"), {"Database": "salary_prediction"}
    started = athena.start_query_execution(
        QueryString=query, QueryExecutionContext=context, WorkGroup="salary-prediction-calls"
    )["QueryExecutionId"]
    told = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
    assert told["Status"]["State"] == "SUCCEEDED", told
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    head, *lines = [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]
    bucket, key = told["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").split("/", 1)
    content = project.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert key == f"athena/{started}.csv"
    assert list(csv.reader(io.StringIO(content))) == [[cell or "" for cell in line] for line in (head, *lines)]
    return [dict(zip(head, line, strict=True)) for line in lines]


def stored(project: LoopProject, table: dict[str, Any]) -> dict[str, Any]:
    """When each file below a table's location was written."""
    bucket, prefix = table["StorageDescriptor"]["Location"].removeprefix("s3://").split("/", 1)
    found = project.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    return {f"{bucket}/{item['Key']}": item["LastModified"] for item in found}


CASE = Case(
    {"instances": [{"call": "c1", "turns": CALL}, {"call": "c2", "turns": []}]},
    call_is_understood,
    {"text", "(prediction)"},
    variables={"batch": {"accept": "application/vnd.apache.parquet"}},
    then=calls_become_a_table,
)
