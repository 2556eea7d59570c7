"""Tabular data with LightGBM on two machines as the model, and with raw files that Ray makes a delivery of."""

import io
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet

from cookiecutter_mlops.environments import environment
from cookiecutter_mlops.loop import LoopProject
from tests.loop.use_cases import Case

WORKER = {
    "education_years": 12,
    "experience_years": 8,
    "department": "sales",
    "city": "Madrid",
    "manager": False,
    "hired_on": "2021-03-01",
    "review_score": None,
}


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


HOSTS = ("algo-1", "algo-2")
TWO_MACHINES = {
    "instance_types": ["ml.m5.large"],
    "instance_count": len(HOSTS),
    "input_mode": "FastFile",
    "data_distribution": "ShardedByS3Key",
}


def sample_in_four_files(project: LoopProject) -> Path:
    """Two for each machine."""
    header, *rows = (project.path / "data" / "sample.csv").read_text().splitlines()
    folder = project.path / ".mlops" / "delivery"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.csv").write_text("\n".join([header, *rows[number::4]]))
    return folder


def two_machines_made_one_model(project: LoopProject) -> None:
    """Each had its part of the files and of the rows, and what the first one wrote is what was released."""
    (job,) = project.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    name = job["TrainingJobName"]
    group = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": f"{name}/"}
    events = project.client("logs").filter_log_events(**group)["events"]
    said = "\n".join(event["message"] for event in events)
    files = [int(count) for count in re.findall(r"algo-\d has (\d) of the 4 files", said)]
    assert sorted(files) == [2, 2]
    told = [re.search(rf"([\d,]+) rows to learn from .* ([\d,]+) of them on {host},", said) for host in HOSTS]
    (all_rows, first), (again, second) = (
        [int(count.replace(",", "")) for count in found.groups()] for found in told if found
    )
    assert all_rows == again == first + second
    assert "algo-2 has learned its part; algo-1 writes the model" in said
    assert project.packages()[0]["CustomerMetadataProperties"]["training_job"] == name


WITH_LIGHTGBM = Case(
    {"instances": [WORKER, WORKER | {"education_years": 20, "city": None}]},
    salary_grows_with_schooling,
    {*WORKER, "(prediction)"},
    edits={
        "project.toml": ('name = "gradient-boosting"', 'name = "lightgbm"'),
        "requirements/model.txt": ("# lightgbm==", "lightgbm=="),
    },
    variables={"training": TWO_MACHINES},
    data=sample_in_four_files,
    then=two_machines_made_one_model,
    facts={"serving_plan": "complete"},
)
WITH_RAY = Case(
    {"instances": [WORKER, WORKER | {"education_years": 20}]},
    salary_grows_with_schooling,
    {*WORKER, "(prediction)"},
    variables={"preprocessing": {"instance_count": 2}},
    edits={"requirements/train.txt": ("polars\n", "polars\n-r preprocess.txt\n")},
    then=raw_files_become_a_delivery,
)
