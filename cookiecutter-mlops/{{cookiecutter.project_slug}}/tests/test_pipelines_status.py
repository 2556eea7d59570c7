"""What a person sees who asks how far it is."""

from datetime import UTC, datetime

import pytest
from fake_aws import AwsError, FakeAws, parameters, sequence
from specs import GROUP_ARN, package, registry, training_spec

from pipelines import packages, project, status
from pipelines.project import PipelineError

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EXECUTION = {"pipelineExecutionId": "1", "status": "InProgress", "startTime": STARTED}


def test_pipeline_is_shown_with_the_stages_that_it_reached(aws: FakeAws):
    aws.on(ListPipelineExecutions={"pipelineExecutionSummaries": [EXECUTION]})
    stages = [("Check", "InProgress", STARTED.replace(minute=5)), ("Source", "Succeeded", STARTED)]
    details = [{"stageName": name, "status": now, "startTime": start} for name, now, start in stages]
    aws.on(ListActionExecutions={"actionExecutionDetails": details})
    first, *rest = status.pipeline("wages-train")
    assert first == "wages-train: InProgress, started 2026-01-02 03:04:05"
    assert [line.split() for line in rest] == [["Source", "Succeeded"], ["Check", "InProgress"]]


def test_release_that_waits_for_a_person_is_shown_with_what_to_type(aws: FakeAws):
    aws.on(ListPipelineExecutions={"pipelineExecutionSummaries": [EXECUTION]})
    approval = {"stageName": "Approve", "startTime": STARTED, "input": {"actionTypeId": {"category": "Approval"}}}
    aws.on(ListActionExecutions={"actionExecutionDetails": [approval | {"status": "InProgress"}]})
    assert list(status.pipeline("wages-release"))[1].endswith("InProgress  waits for `mlops approve`")
    aws.on(ListActionExecutions={"actionExecutionDetails": [approval | {"status": "Succeeded"}]})
    assert list(status.pipeline("wages-release"))[1].endswith("Succeeded")


def test_pipeline_that_never_ran_shows_nothing(aws: FakeAws):
    aws.on(ListPipelineExecutions={"pipelineExecutionSummaries": []})
    assert list(status.pipeline("wages-release")) == []


def test_models_are_shown_with_the_stage_in_which_they_are_live(aws: FakeAws):
    aws.on(**registry(package(1), package(2)))
    live = {"version": 1, "model_package_arn": f"{GROUP_ARN}/1"}
    aws.on(GetParameter=parameters({"/wages/prod/live": live}))
    lines = list(status.models(training_spec() | {"stages": ["prod"]}))
    assert [line.endswith(", live in prod") for line in lines if "version 1," in line] == [True]
    assert [line.endswith(", live in prod") for line in lines if "version 2," in line] == [False]


def test_stage_is_shown_with_its_endpoint_and_the_reason_of_its_release(aws: FakeAws):
    aws.on(
        DescribeEndpoint=sequence(AwsError("ValidationException", "Could not find it"), {"EndpointStatus": "InService"})
    )
    live = {"version": 1, "released_at": "2026-01-02T03:04:05Z", "reason": "approved, trained for: new data"}
    aws.on(GetParameter=parameters({"/wages/prod/live": live}))
    staging, prod = status.stages(training_spec())
    assert staging.split() == ["staging", "no", "endpoint", "nothing", "was", "released", "yet"]
    assert prod.split()[:5] == ["prod", "InService", "version", "1", "since"]
    assert prod.endswith("(approved, trained for: new data)")


def test_only_the_newest_model_that_waits_is_shown_with_what_to_type(aws: FakeAws):
    aws.on(**registry(package(3), package(2, packages.PENDING), package(1, packages.PENDING)))
    aws.on(GetParameter=parameters({}))
    lines = list(status.models(training_spec() | {"stages": ["prod"]}))
    assert [line.split(",")[0].split()[-1] for line in lines if line.endswith("; waits for `mlops approve`")] == ["2"]


def test_models_before_the_first_training_say_what_to_do(aws: FakeAws):
    aws.on(**registry())
    aws.on(GetParameter=parameters({}))
    (line,) = status.models(training_spec() | {"stages": ["prod"]})
    assert "none is registered yet" in line


PRETRAINED = {"weights": "own", "image": "vllm:v1"}


def test_pre_trained_model_is_shown_with_its_weights_and_its_image(aws: FakeAws):
    source = {"S3DataSource": {"S3Uri": "s3://wages-models/weights/own/"}}
    aws.on(DescribeEndpoint={"EndpointStatus": "InService", "EndpointConfigName": "c", "LastModifiedTime": STARTED})
    aws.on(DescribeEndpointConfig={"ProductionVariants": [{"ModelName": "m"}]})
    aws.on(DescribeModel={"PrimaryContainer": {"Image": "vllm:v1", "ModelDataSource": source}})
    first, weights, image = status.pretrained("wages", PRETRAINED)
    assert first.split() == ["prod", "InService", "since", "2026-01-02", "03:04:05"]
    assert (weights.split(), image.split()) == (
        ["weights", "s3://wages-models/weights/own/"], ["image", "vllm:v1"]
    )  # fmt: skip


def test_pre_trained_model_without_an_endpoint_says_what_to_do(aws: FakeAws):
    aws.on(DescribeEndpoint=AwsError("ValidationException", "Could not find it"))
    (line,) = status.pretrained("wages", {"weights": "", "image": "vllm:v1"})
    assert "no endpoint" in line and "weights/MODEL/" in line and "mlops apply" in line


def test_project_that_trains_nothing_says_so_where_a_pipeline_is_asked_for(aws: FakeAws, monkeypatch):
    aws.on(GetParameter=parameters({}))
    monkeypatch.setattr(project, "variables", lambda: {"project_slug": "wages", "pretrained": PRETRAINED})
    with pytest.raises(PipelineError, match="nothing trains or is released here"):
        project.training_spec()
