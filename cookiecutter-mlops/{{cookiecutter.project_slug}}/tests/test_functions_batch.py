"""The function that starts batch inference: what it takes, when it waits, and what it leaves when a job has ended."""

import json
from datetime import UTC, datetime
from typing import Any

from fake_stage import BATCH, LIVE, SPEC, Stage, ended
from specs import KEY

from functions.launch import aws as launch_aws
from functions.launch import batch, handler


def test_batch_takes_what_has_no_output(stage: Stage):
    inputs = {f"batch/prod/input/{name}": b"{}" for name in ("a.json", "more/b.json", "c.json")}
    stage.hold(**inputs, **{"batch/prod/output/a.json.out": b""})
    answer = handler.handler({"kind": "batch", "time": "2026-01-02T04:10:00Z"}, None)
    assert (answer["state"], answer["job"]) == ("started", "wages-prod-batch-202601020410")
    (job,) = stage.aws.called("CreateTransformJob")
    listed = json.loads(stage.objects["batch/prod/jobs/wages-prod-batch-202601020410/inputs.json"])
    assert listed == [{"prefix": BATCH["input_s3_uri"]}, "c.json", "more/b.json"]
    assert (job["ModelName"], job["TransformInput"]["SplitType"]) == ("wages-prod-3", "None")
    assert job["TransformOutput"]["KmsKeyId"] == job["TransformResources"]["VolumeKmsKeyId"] == KEY


def test_batch_waits_for_the_job_that_runs(stage: Stage):
    stage.hold(**{"batch/prod/input/a.json": b"{}"})
    stage.aws.on(ListTransformJobs={"TransformJobSummaries": [summary("wages-prod-batch-202601020400")]})
    event = {"source": "aws.s3", "detail-type": "Object Created", "time": "2026-01-02T04:10:00Z"}
    answer = handler.handler(event, None)
    assert (answer["state"], stage.aws.called("CreateTransformJob")) == ("exists", [])


def summary(name: str) -> dict[str, Any]:
    created = {"TransformJobArn": "arn", "CreationTime": datetime(2026, 1, 2, tzinfo=UTC)}
    return created | {"TransformJobName": name, "TransformJobStatus": "InProgress"}


def test_batch_that_ended_leaves_a_manifest_and_takes_up_what_came_meanwhile(stage: Stage):
    name = "wages-prod-batch-202601020410"
    listed = [{"prefix": BATCH["input_s3_uri"]}, "a.json", "bad.json"]
    stage.hold(**{f"batch/prod/input/{key}": b"{}" for key in ("a.json", "bad.json", "late.json")})
    stage.hold(**{f"batch/prod/jobs/{name}/inputs.json": json.dumps(listed).encode()})
    stage.hold(**{"batch/prod/output/a.json.out": b"12345"})
    answer = handler.handler(ended(name, "Failed", "Transform"), None)
    manifest = json.loads(stage.objects[f"batch/prod/jobs/{name}/manifest.json"])
    assert manifest["outputs"] == [{"input": "a.json", "output": "a.json.out", "bytes": 5}]
    assert manifest["missing"] == ["bad.json"]
    assert stage.metrics() == {"BatchFiles": 1.0, "BatchMissing": 1.0, "BatchFailed": 1.0}
    assert answer["job"] == "wages-prod-batch-202601020420"
    assert json.loads(stage.objects[f"batch/prod/jobs/{answer['job']}/inputs.json"])[1:] == ["late.json"]


def test_machine_with_its_own_encryption_takes_no_key():
    assert "VolumeKmsKeyId" not in launch_aws.cluster(SPEC | {"instance_type": "ml.g6e.2xlarge"})["ClusterConfig"]
    assert batch.request(SPEC | BATCH | {"instance_type": "ml.g6e.2xlarge"}, LIVE, "n")["TransformResources"] == {
        "InstanceType": "ml.g6e.2xlarge",
        "InstanceCount": 1,
    }
