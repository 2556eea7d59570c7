"""The loop of each use case but plain `tabular` (test_loop.py): made, applied, trained, released, asked, monitored.

A new use case is a new entry of CASES; what follows `-with-` in a name tells two entries of one apart.
"""

import base64
import csv
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow.parquet
import pytest

from cookiecutter_mlops.environments import environment
from cookiecutter_mlops.loop import LoopProject
from tests.loop.asked import answered, answered_in_batch, gain
from tests.loop.conftest import new_project

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Case:
    """What an application asks, a check of what it is told, and the columns that monitoring compares."""

    request: dict[str, Any]
    check: Callable[[dict[str, Any]], None]
    monitored: set[str]
    answers: tuple[str, ...] = ()  # of `mlops new`, beside the use case
    variables: dict[str, Any] = field(default_factory=dict)  # of Terraform, beside those that the answers give
    files: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)  # for a batch, and what their answers hold
    then: Callable[[LoopProject], None] = lambda project: None  # what else it does
    before: Callable[[LoopProject], None] = lambda project: None  # the first push
    edits: dict[str, tuple[str, str]] = field(default_factory=dict)  # of the project's files, before the first push
    facts: dict[str, str] = field(default_factory=dict)  # that the registry knows of the model


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
    }
    answered_in_batch(project, {name: json.dumps({"instances": calls}).encode() for name, calls in given.items()})
    table = project.client("glue").get_table(DatabaseName="salary_prediction", Name="calls_prod")["Table"]
    written = stored(project, table)
    rows = queried(project, "SELECT call, day, problem FROM calls_prod ORDER BY call")
    assert [row["call"] for row in rows] == ["c1", "c2", "c3", "c4", "c5", "c6"]  # exactly one row for each
    assert [row["day"] for row in rows] == [before, before, day, day, day, day]
    assert [row["problem"] for row in rows[2:5]] == [None, "c4.wav is no audio.", None]
    assert "must be a list of turns" in rows[1]["problem"]
    assert "this is no audio" in rows[5]["problem"]
    rows = queried(project, named_query(project, "intents-per-day-prod"))
    assert [row["day"] for row in rows] == [before] * 3 + [day] * 2
    assert {(row["day"], row["intent"]): row["calls"] for row in rows} == {
        (before, "give_details"): "1",
        (before, "greeting"): "1",
        (before, "report_lost_card"): "1",
        (day, "greeting"): "2",
        (day, "report_lost_card"): "2",
    }
    project.mlops("batch", ok=False)  # nothing is pending
    assert stored(project, table) == written


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


CALL = [
    {"speaker": "customer", "text": "hello"},
    {"speaker": "agent", "text": "welcome to the bank, how can i help you"},
    {"speaker": "customer", "text": "i lost my card, i am not happy about it"},
    {"speaker": "agent", "text": "may i have your name please"},
    {"speaker": "customer", "text": "it is Ada Castillo"},
]


def fields_are_found(answer: dict[str, Any]) -> None:
    words, pdf, empty = answer["predictions"]
    assert words["fields"]["total"] | {"confidence": 1} == {
        "value": "12.50", "confidence": 1, "page": 2, "box": [90, 40, 140, 50]
    }  # fmt: skip
    assert {name: pdf["fields"][name]["value"] for name in ("date", "total")} == {
        "date": "31/05/2024", "total": "12.50"
    }  # fmt: skip
    assert 0 < pdf["fields"]["total"]["confidence"] <= 1
    assert "0 bytes" in empty["error"]


PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 79>>stream
BT /F1 12 Tf 40 360 Td (Fecha: 31/05/2024) Tj 0 -40 Td (TOTAL 12.50) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>"""
PAGES = [
    {"words": [{"text": "Cafe Aurora S.L.", "box": [20, 20, 180, 30]}]},
    {"words": [{"text": "TOTAL", "box": [20, 40, 70, 50]}, {"text": "12.50", "box": [90, 40, 140, 50]}]},
]


def salary_grows_with_schooling(answer: dict[str, Any]) -> None:
    twelve, twenty = answer["predictions"]
    assert 10_000 < twelve < twenty < 200_000


def raw_files_become_a_delivery(project: LoopProject) -> None:
    """Two machines make Parquet of raw files, once; the delivery is the newest snapshot, and has each row once."""
    s3, bucket = project.client("s3"), project.outputs["data_bucket"]
    header, *rows = (project.path / "data" / "sample.csv").read_text().splitlines()
    for number in range(4):
        body = "\n".join([header, *rows[number::4]]).encode()
        s3.put_object(Bucket=bucket, Key=f"unprocessed/items/{number}.csv", Body=body)
    s3.put_object(Bucket=bucket, Key="unprocessed/items/empty.csv", Body=b"")
    command = [str(environment(project.path)), "-m", "pipelines.preprocess"]
    told = project.run(*command).stdout
    assert f"5 files, {len(rows)} rows" in told
    assert "empty.csv: the table is empty" in told
    assert "all 5 files" in project.run(*command, ok=False).stderr
    snapshot = project.run(command[0], "-m", "pipelines.snapshot", "take").stdout.split()[-1]
    prefix = snapshot.removeprefix(f"s3://{bucket}/")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys if key.endswith(".parquet")]
    assert len(bodies) == 4  # a file each, by whichever machine
    assert sum(pyarrow.parquet.read_table(io.BytesIO(body)).num_rows for body in bodies) == len(rows)


WORKER = {
    "education_years": 12,
    "experience_years": 8,
    "department": "sales",
    "city": "Madrid",
    "manager": False,
    "hired_on": "2021-03-01",
    "review_score": None,
}


def call_is_summarized(answer: dict[str, Any]) -> None:
    told, too_long = answer["predictions"]
    assert len(told["summary"].split()) >= 4
    assert "at most 448" in too_long["error"]


def weights_lie_in_s3(project: LoopProject) -> None:
    """A tiny Llama, as a person puts a large one."""
    folder = project.path / ".mlops" / "own"
    project.run(str(environment(project.path)), "-c", TINY_LLAMA, str(folder))
    for file in folder.iterdir():
        bucket = project.outputs["models_bucket"]
        project.client("s3").upload_file(str(file), bucket, f"weights/own/{file.name}")


TINY_LLAMA = """
import sys
from pathlib import Path
import pandas as pd
from training import language
rows = pd.read_json("data/sample.jsonl", lines=True)
language.tiny([*rows["dialogue"], *rows["summary"]], context=512, seed=1, folder=Path(sys.argv[1]))
"""


def weights_were_learned_further(project: LoopProject) -> None:
    sagemaker = project.client("sagemaker")
    (job,) = sagemaker.list_training_jobs()["TrainingJobSummaries"]
    told = sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])["InputDataConfig"]
    channels = {channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in told}
    assert channels["weights"] == f"s3://{project.outputs['models_bucket']}/weights/own/"
    assert "a tiny model with random" not in project.logs()


LOST = "Agent: Harbor Bank, this is Ada.\nCustomer: I lost my card on Monday.\nAgent: I have blocked it."
# Their environments are gigabytes, too much for every run of CI.
LARGE = {"llm-summarization": "MLOPS_LANGUAGE_MODELS", "tabular-with-ray": "MLOPS_RAY"}
CASES = {
    "call-analytics": Case(
        {"instances": [{"call": "c1", "turns": CALL}, {"call": "c2", "turns": []}]},
        call_is_understood,
        {"text", "(prediction)"},
        variables={"batch": {"accept": "application/vnd.apache.parquet"}},
        then=calls_become_a_table,
    ),
    "document-extraction": Case(
        {"instances": [{"document": one} for one in ({"pages": PAGES}, base64.b64encode(PDF).decode(), "")]},
        fields_are_found,
        {"document", "(prediction)"},
        variables={"batch": {"content_type": "application/pdf"}},
        files={
            "a.pdf": (PDF, b'"value":"12.50"'),
            "empty.pdf": (b"", b"0 bytes"),
            "noise.pdf": (b"\0\1", b"not a PDF or an image"),
        },
    ),
    "tabular-with-lightgbm": Case(
        {"instances": [WORKER, WORKER | {"education_years": 20, "city": None}]},
        salary_grows_with_schooling,
        {*WORKER, "(prediction)"},
        edits={
            "project.toml": ('name = "gradient-boosting"', 'name = "lightgbm"'),
            "requirements/model.txt": ("# lightgbm==", "lightgbm=="),
        },
        facts={"serving_plan": "complete"},
    ),
    "tabular-with-ray": Case(
        {"instances": [WORKER, WORKER | {"education_years": 20}]},
        salary_grows_with_schooling,
        {*WORKER, "(prediction)"},
        variables={"preprocessing": {"instance_count": 2}},
        edits={"requirements/train.txt": ("polars\n", "polars\n-r preprocess.txt\n")},
        then=raw_files_become_a_delivery,
    ),
    "llm-summarization": Case(
        {"instances": [{"dialogue": LOST}, {"dialogue": LOST * 100}]},
        call_is_summarized,
        {"dialogue", "(prediction)"},
        edits={"project.toml": ('# weights = "NAME"', 'weights = "own"')},
        before=weights_lie_in_s3,
        then=weights_were_learned_further,
    ),
}


@pytest.fixture(params=CASES)
def use_case(request, tmp_path):
    """A use case's name, and its project with the model of its sample in production."""
    if (variable := LARGE.get(request.param)) and variable not in os.environ:
        pytest.skip(f"installs large packages, such as torch or Ray; set {variable}=1 for it")
    case, chosen = CASES[request.param], request.param.partition("-with-")[0]
    project = LoopProject(new_project(tmp_path, "stages=prod", f"use_case={chosen}", *case.answers))
    add_variables(project, case.variables)
    edit(project, case.edits)
    try:
        project.up()
        project.mlops("apply")
        case.before(project)
        project.mlops("data", "push", str(next((project.path / "data").glob("sample.*"))))
        assert project.train() == "Succeeded", project.logs()
        assert project.approve() == "Succeeded", project.logs()
        yield request.param, project
    finally:
        project.down()


def add_variables(project: LoopProject, variables: dict[str, Any]) -> None:
    if variables:
        file = project.path / "terraform" / "terraform.auto.tfvars.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | variables, indent=2))
        project.run("git", "commit", "--quiet", "--all", "--message", "Set variables of Terraform")


def edit(project: LoopProject, edits: dict[str, tuple[str, str]]) -> None:
    for name, (old, new) in edits.items():
        text = (project.path / name).read_text()
        assert old in text, name
        (project.path / name).write_text(text.replace(old, new))
    if edits:
        project.run("git", "commit", "--quiet", "--all", "--message", "Choose another model")


def test_use_case_is_trained_released_asked_and_monitored(use_case):
    name, project = use_case
    case = CASES[name]
    model = project.packages()[0]["CustomerMetadataProperties"]
    assert gain(project) > 0, model
    assert case.facts.items() <= model.items()
    case.check(answered(project, case.request))
    project.mlops("monitor", "--no-open", ok=False)  # exit code 1: a few requests, of which Verify's bad one is many
    report = json.loads((project.path / ".mlops" / "monitoring" / "prod" / "statistics.json").read_text())
    assert report["dataset"]["item_count"] > 0
    assert case.monitored == {entry["name"] for entry in report["features"]}
    outputs = answered_in_batch(project, {name: content for name, (content, _) in case.files.items()})
    assert [name for name, (_, words) in case.files.items() if words not in outputs[name]] == [], outputs
    case.then(project)
