"""What ran when an embedded AWS went down has ended honestly once it is up again, and can be tried again."""

import json
from pathlib import Path

import pytest

from tests.localaws.bundles import new_bucket, push_bundle
from tests.localaws.conftest import ACCOUNT, Restarted, wait_for
from tests.localaws.endpoints import invoke, new_config, new_endpoint, settled
from tests.localaws.pipelines import Pipeline, approval, build, commits, declaration
from tests.localaws.processes import start_build
from tests.localaws.repositories import WorkingCopy
from tests.localaws.sagemaker_pipelines.definitions import definition, get, join, pipeline, start, statuses, training
from tests.localaws.sagemaker_pipelines.definitions import ended as execution_ended
from tests.localaws.test_sagemaker_training import ended, request
from tests.localaws.test_sagemaker_tuning import describe as describe_tuning
from tests.localaws.test_sagemaker_tuning import request as tuning_request


@pytest.mark.slow
def test_endpoint_serves_again_and_a_running_job_has_failed(world: Restarted) -> None:
    name = new_endpoint(world.aws, new_config(world.aws, "first"))
    assert settled(world.aws, name)["EndpointStatus"] == "InService"
    creating = new_endpoint(world.aws, new_config(world.aws, "second"))
    job = request(world.aws, new_bucket(world.aws, **{"data/a.csv": "1"}), HyperParameters={"sleep": "600"})
    world.aws.client("sagemaker").create_training_job(**job)
    after = world.restart()
    assert invoke(after, name)["model"] == "first"
    assert settled(after, name)["EndpointStatus"] == "InService"
    assert settled(after, creating)["EndpointStatus"] in ("Failed", "InService")  # as it was when it went down
    described = ended(after, job["TrainingJobName"])
    assert described and described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("InternalServerError: The embedded AWS was stopped")


@pytest.mark.slow
def test_running_build_is_a_fault_and_an_approval_goes_on_waiting(world: Restarted, tmp_path: Path) -> None:
    metadata = world.aws.client("codecommit").create_repository(repositoryName="wages")["repositoryMetadata"]
    (tmp_path / "copy").mkdir()
    commit = WorkingCopy(tmp_path / "copy", metadata["cloneUrlHttp"]).push("first")
    pipeline = Pipeline(world.aws, declaration("wages", commits("wages"), approval()))
    token = pipeline.waiting()["token"]
    build, _ = start_build(world.aws, tmp_path / "pids")
    pipeline.client = world.restart().client("codepipeline")
    (described,) = world.aws.client("codebuild").batch_get_builds(ids=[build])["builds"]
    assert (described["buildStatus"], described["phases"][-2]["phaseStatus"]) == ("FAULT", "FAULT")
    branch = world.aws.client("codecommit").get_branch(repositoryName="wages", branchName="main")["branch"]
    assert branch["commitId"] == commit
    assert pipeline.waiting()["token"] != token  # it asks again
    pipeline.answer("Approved")
    assert pipeline.end(pipeline.first()) == "Succeeded"


@pytest.mark.slow
def test_pipeline_that_was_at_work_has_failed_and_can_be_retried(world: Restarted, tmp_path: Path) -> None:
    world.aws.client("iam").create_role(RoleName="build", AssumeRolePolicyDocument="{}")
    metadata = world.aws.client("codecommit").create_repository(repositoryName="wages")["repositoryMetadata"]
    (tmp_path / "copy").mkdir()
    WorkingCopy(tmp_path / "copy", metadata["cloneUrlHttp"]).push("first")
    world.aws.client("codebuild").create_project(
        name="sleep",
        source={"type": "CODEPIPELINE", "buildspec": "version: 0.2\nphases: {build: {commands: [sleep 300]}}"},
        artifacts={"type": "CODEPIPELINE"},
        environment={"type": "LINUX_CONTAINER", "image": "any", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=f"arn:aws:iam::{ACCOUNT}:role/build",
    )
    pipeline = Pipeline(world.aws, declaration("wages", commits("wages"), build("Build", "sleep")))
    pipeline.reached(pipeline.first(), "Build", "InProgress")
    pipeline.client = world.restart().client("codepipeline")
    assert pipeline.execution(pipeline.first())["status"] == "Failed"
    action = pipeline.reached(pipeline.first(), "Build", "Failed")
    assert "The embedded AWS was stopped" in json.dumps(pipeline.stage("Build"), default=str), action
    pipeline.client.retry_stage_execution(
        pipelineName="wages",
        pipelineExecutionId=pipeline.first(),
        stageName="Build",
        retryMode="FAILED_ACTIONS",
    )
    pipeline.reached(pipeline.first(), "Build", "InProgress")


@pytest.mark.slow
def test_pipeline_and_tuning_job_that_ran_have_failed_and_can_be_tried_again(world: Restarted) -> None:
    aws, bucket = world.aws, new_bucket(world.aws, **{"in/a": "1"})
    first = training("First", push_bundle(aws), f"s3://{bucket}/in/", bucket, {})
    seconds = join(get("Parameters.Answer"))
    second = training("Second", push_bundle(aws), f"s3://{bucket}/in/", bucket, {"sleep": seconds}, DependsOn=["First"])
    arn = start(aws, pipeline(aws, definition(first, second)), {"Answer": "6"})
    tuning = tuning_request(aws, jobs=1)
    tuning["TrainingJobDefinition"]["StaticHyperParameters"]["sleep"] = "60"
    aws.client("sagemaker").create_hyper_parameter_tuning_job(**tuning)
    name = tuning["HyperParameterTuningJobName"]
    assert wait_for(lambda: describe_tuning(aws, name)["TrainingJobStatusCounters"]["InProgress"] == 1)
    assert wait_for(lambda: statuses(aws, arn).get("Second") == "Executing")
    aws = world.restart()
    execution = execution_ended(aws, arn)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "stopped while this ran" in execution["FailureReason"]
    assert statuses(aws, arn) == {"First": "Succeeded", "Second": "Failed"}
    tuned = describe_tuning(aws, name)
    assert tuned["HyperParameterTuningJobStatus"] == "Failed"
    assert tuned["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    aws.client("sagemaker").retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="again" * 8)
    assert execution_ended(aws, arn)["PipelineExecutionStatus"] == "Succeeded"
