"""Uploads what was really true, so that monitoring can tell how good the live model's answers were.

    python -m pipelines.ground_truth labels.csv         # a table with the columns inference_id and the target

The inference id is in every answer of functions/invoke; an application may also choose its own. A request with several
instances has one row each, in their order, or a third column `place` from 0 up. Labels may come late,
in parts, and again.
"""

import argparse
import json
import uuid
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines import launch, project
from pipelines.project import PipelineError
from training.cells import rule
from training.data import read_table
from training.rules import cast
from training.settings import Column, load_settings

ID, PLACE = "inference_id", "place"


def lines(table: pd.DataFrame, target: Column, source: str) -> list[str]:
    """One line for each request, in SageMaker's format for ground truth; several labels of it are a list."""
    for name in (ID, target.name):
        if name not in table:
            raise PipelineError(f"{source}: there is no column {name!r}; it has {', '.join(map(str, table))}.")
    values, wrong = cast(table[target.name], target)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        seen = str(table[target.name].iloc[row])[:80]
        raise PipelineError(f"{source}, row {row + 2}: {target.name} must be {rule(target)}, not {seen!r}.")
    known = table.assign(**{target.name: values}).dropna(subset=[target.name])
    order = known[PLACE].astype(int) if PLACE in known else known.groupby(ID).cumcount()
    places = known.assign(**{PLACE: order})
    return [_line(str(key), rows, target) for key, rows in places.groupby(ID, sort=False)]


def _line(key: str, rows: pd.DataFrame, target: Column) -> str:
    labels: list[Any] = [None] * (int(rows[PLACE].max()) + 1)
    for place, value in zip(rows[PLACE], rows[target.name], strict=True):
        labels[int(place)] = bool(value) if target.type == "boolean" else value
    data = {"data": json.dumps(labels), "encoding": "JSON"}
    return json.dumps({"groundTruthData": data, "eventMetadata": {"eventId": key}, "eventVersion": "0"})


def upload(spec: dict[str, Any], entries: list[str]) -> str:
    """Write the labels under the hour in which they arrive, and return where."""
    bucket, prefix = project.split_s3(spec["ground_truth_s3_uri"])
    now = launch.time()
    key = f"{prefix}{now:%Y/%m/%d/%H}/{now:%M-%S}-{uuid.uuid4().hex[:8]}.jsonl"
    project.client("s3").put_object(Bucket=bucket, Key=key, Body="\n".join([*entries, ""]).encode())
    return f"s3://{bucket}/{key}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Upload ground truth: inference ids with the true values.")
    parser.add_argument("file", type=Path, help="a .csv, .xlsx or .parquet file with inference_id and the target")
    arguments = launch.arguments(parser)
    spec = launch.specification(arguments.stage, "monitoring")
    entries = lines(read_table(arguments.file), load_settings().target, arguments.file.name)
    print(f"{len(entries)} requests have ground truth in {upload(spec, entries)}; the next monitoring takes it up")


if __name__ == "__main__":
    project.command(main)
