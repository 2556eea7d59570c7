"""Where executions get their files from, and the builds that use them."""

import io
import json
import uuid
import zipfile

import pytest

from tests.localaws.conftest import REGION, wait_for
from tests.localaws.pipelines import ROLE, Pipeline, action, approval, build, commits, declaration
from tests.localaws.repositories import WorkingCopy

BUILDSPEC = """
version: 0.2
env:
  exported-variables: [RESULT]
phases:
  build:
    commands:
      - echo "building with $MESSAGE"
      - export RESULT="$(cat file.txt), $MESSAGE"
"""

ARTIFACTS = "artifacts:\n  base-directory: out\n  files: ['**/*']\n"


@pytest.fixture
def name():
    return f"s-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def copy(aws, name, tmp_path):
    metadata = aws.client("codecommit").create_repository(repositoryName=name)["repositoryMetadata"]
    return WorkingCopy(tmp_path, metadata["cloneUrlHttp"])


@pytest.fixture
def bucket(aws, name):
    """A bucket with versions for the zip of an S3 source."""
    client, bucket = aws.client("s3"), f"{name}-source"
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file, content in files.items():
            archive.writestr(f"{file}.txt", content)
    return buffer.getvalue()


def object_source(bucket, **settings):
    settings = {"S3Bucket": bucket, "S3ObjectKey": "code.zip", "PollForSourceChanges": "false"} | settings
    output = [{"name": "code"}]
    return {"name": "Source", "actions": [action("Source", "S3", "Source", settings, outputArtifacts=output)]}


def code_of(aws, pipeline):
    """Return the files of the newest source artifact."""
    client, bucket = aws.client("s3"), f"{pipeline.name}-artifacts"
    newest = max(client.list_objects_v2(Bucket=bucket)["Contents"], key=lambda found: found["LastModified"])
    body = client.get_object(Bucket=bucket, Key=newest["Key"])["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {member: archive.read(member).decode() for member in archive.namelist()}


def test_repository_becomes_an_artifact_without_its_history(aws, name, copy):
    copy.push("first", readme="hello")
    pipeline = Pipeline(aws, declaration(name, commits(name), approval()))
    pipeline.reached(pipeline.first(), "Source", "Succeeded")
    assert code_of(aws, pipeline) == {"readme.txt": "hello"}


def test_source_that_polls_starts_at_the_first_push_and_at_every_other(aws, name, copy):
    pipeline = Pipeline(aws, declaration(name, commits(name, PollForSourceChanges="true"), approval()))
    assert pipeline.end(pipeline.first()) == "Failed"  # the repository is empty
    copy.push("first")
    assert wait_for(lambda: len(pipeline.executions()) == 2)
    assert pipeline.execution(pipeline.executions()[0])["trigger"]["triggerType"] == "PollForSourceChanges"
    copy.push("second")
    assert wait_for(lambda: len(pipeline.executions()) == 3)


@pytest.mark.parametrize(
    ("exists", "sentence"), [(True, "The branch main does not exist"), (False, "RepositoryDoesNotExistException")]
)
def test_source_that_is_missing_fails_with_a_sentence(aws, name, exists, sentence):
    if exists:
        aws.client("codecommit").create_repository(repositoryName=name)
    pipeline = Pipeline(aws, declaration(name, commits(name), approval()))
    assert pipeline.end(pipeline.first()) == "Failed"
    assert sentence in pipeline.actions(pipeline.first())["Source"].summary


def test_object_is_taken_with_its_version(aws, name, bucket):
    version = aws.client("s3").put_object(Bucket=bucket, Key="code.zip", Body=zipped(file="first"))["VersionId"]
    pipeline = Pipeline(aws, declaration(name, object_source(bucket), approval()))
    pipeline.reached(pipeline.first(), "Source", "Succeeded")
    assert pipeline.execution(pipeline.first())["artifactRevisions"][0]["revisionId"] == version
    assert code_of(aws, pipeline) == {"file.txt": "first"}


def test_object_that_changes_starts_a_pipeline_that_polls(aws, name, bucket):
    aws.client("s3").put_object(Bucket=bucket, Key="code.zip", Body=zipped(file="first"))
    stages = object_source(bucket, PollForSourceChanges="true"), approval()
    pipeline = Pipeline(aws, declaration(name, *stages))
    aws.client("s3").put_object(Bucket=bucket, Key="code.zip", Body=zipped(file="second"))
    assert wait_for(lambda: len(pipeline.executions()) == 2)


def test_object_that_changes_starts_a_pipeline_through_eventbridge(aws, name, bucket):
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pipeline = Pipeline(aws, declaration(name, object_source(bucket), approval()))
    assert pipeline.end(pipeline.first()) == "Failed"  # there is no object yet
    detail = {"bucket": {"name": [bucket]}, "object": {"key": ["code.zip"]}}
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}
    aws.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
    aws.client("events").put_targets(Rule=name, Targets=[{"Id": "pipeline", "Arn": pipeline.arn, "RoleArn": ROLE}])
    aws.client("s3").put_object(Bucket=bucket, Key="other.zip", Body=zipped(file="other"))
    version = aws.client("s3").put_object(Bucket=bucket, Key="code.zip", Body=zipped(file="first"))["VersionId"]
    assert wait_for(lambda: len(pipeline.executions()) == 2)
    pipeline.reached(pipeline.executions()[0], "Source", "Succeeded")
    assert pipeline.execution(pipeline.executions()[0])["artifactRevisions"][0]["revisionId"] == version


def test_object_in_a_bucket_without_versions_is_refused(aws, name):
    bucket = f"{name}-plain"
    aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("s3").put_object(Bucket=bucket, Key="code.zip", Body=zipped(file="first"))
    pipeline = Pipeline(aws, declaration(name, object_source(bucket), approval()))
    assert pipeline.end(pipeline.first()) == "Failed"
    assert "must have versioning enabled" in pipeline.actions(pipeline.first())["Source"].summary


def test_connection_says_that_it_reaches_nobody(aws, name):
    settings = {"ConnectionArn": "arn:x", "FullRepositoryId": "a/b", "BranchName": "main"}
    source = action("Source", "CodeStarSourceConnection", "Source", settings, outputArtifacts=[{"name": "code"}])
    pipeline = Pipeline(aws, declaration(name, {"name": "Source", "actions": [source]}, approval()))
    assert pipeline.end(pipeline.first()) == "Failed"
    assert "cannot reach GitHub" in pipeline.actions(pipeline.first())["Source"].summary


def codebuild_project(aws, name, buildspec=BUILDSPEC):
    aws.client("codebuild").create_project(
        name=name,
        source={"type": "CODEPIPELINE", "buildspec": buildspec},
        artifacts={"type": "CODEPIPELINE"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=ROLE,
    )


def commands(command):
    return f"version: 0.2\nphases:\n  build:\n    commands:\n      - {command}\n"


def test_build_gets_variables_and_exports_what_it_found(aws, name, copy):
    copy.push('a "quoted" message', file="content")
    codebuild_project(aws, name)
    stages = (
        commits(name),
        build("Build", name, namespace="Build", MESSAGE="#{Source.CommitMessage}"),
        approval(message="#{Build.RESULT}"),
    )
    pipeline = Pipeline(aws, declaration(name, *stages))
    assert pipeline.waiting()["summary"] == 'content, a "quoted" message'
    pages = aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/codebuild/{name}")
    lines = [event["message"] for page in pages for event in page["events"]]
    assert 'building with a "quoted" message' in lines


def test_artifacts_of_a_build_are_the_input_of_the_next(aws, name, copy):
    copy.push("first", file="content")
    codebuild_project(aws, f"{name}-make", commands("mkdir out && tr a-z A-Z < file.txt > out/loud.txt") + ARTIFACTS)
    codebuild_project(aws, f"{name}-use", BUILDSPEC.replace("cat file.txt", "cat loud.txt"))
    make, use = build("Make", f"{name}-make"), build("Use", f"{name}-use", namespace="Use", MESSAGE="done")
    make["actions"][0]["outputArtifacts"] = use["actions"][0]["inputArtifacts"] = [{"name": "made"}]
    pipeline = Pipeline(aws, declaration(name, commits(name), make, use, approval(message="#{Use.RESULT}")))
    assert pipeline.waiting()["summary"] == "CONTENT, done"


def test_failed_build_fails_its_action_with_the_builds_reason(aws, name, copy):
    copy.push("first")
    codebuild_project(aws, name, commands("exit 3"))
    pipeline = Pipeline(aws, declaration(name, commits(name), build("Build", name), approval()))
    assert pipeline.end(pipeline.first()) == "Failed"
    assert "exit 3" in pipeline.actions(pipeline.first())["Build"].summary


def test_abandoned_execution_ends_its_build(aws, name, copy):
    copy.push("first")
    codebuild_project(aws, name, commands("sleep 60"))
    pipeline = Pipeline(aws, declaration(name, commits(name), build("Build", name), approval()))
    execution = pipeline.first()
    pipeline.reached(execution, "Build", "InProgress")
    pipeline.client.stop_pipeline_execution(pipelineName=name, pipelineExecutionId=execution, abandon=True)
    assert pipeline.end(execution) == "Stopped"
    (identifier,) = aws.client("codebuild").list_builds_for_project(projectName=name)["ids"]
    (ended,) = aws.client("codebuild").batch_get_builds(ids=[identifier])["builds"]
    assert ended["buildStatus"] == "STOPPED"


def test_unset_variable_fails_the_action_that_names_it(aws, name, copy):
    copy.push("first")
    pipeline = Pipeline(aws, declaration(name, commits(name), approval(message="#{Build.NOTHING}")))
    assert pipeline.end(pipeline.first()) == "Failed"
    assert "#{Build.NOTHING}" in pipeline.actions(pipeline.first())["Approve"].summary
