"""CodeCommit and CodePipeline through boto3 and git, as a user meets them."""

import json
import subprocess
import uuid

import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops import watch
from tests.localaws.conftest import wait_for

ROLE = "arn:aws:iam::123456789012:role/pipeline"
COMMIT = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--allow-empty", "-m"]


def action(category, provider, name, configuration, **more):
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, "configuration": configuration, **more}


@pytest.fixture
def name():
    return f"p-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def repository(aws, name, tmp_path):
    """A repository with one commit on main, and a function that pushes another."""
    url = aws.client("codecommit").create_repository(repositoryName=name)["repositoryMetadata"]["cloneUrlHttp"]
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", tmp_path], check=True)

    def push(message):
        (tmp_path / "file.txt").write_text(message)
        subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
        subprocess.run([*COMMIT, message], cwd=tmp_path, check=True)
        subprocess.run(["git", "push", "--quiet", url, "main"], cwd=tmp_path, check=True)

    push("first")
    return push


@pytest.fixture
def pipeline(aws, name, repository):
    """A pipeline of a source and an approval, V2 and QUEUED, whose first execution waits at the approval."""
    aws.client("s3").create_bucket(
        Bucket=f"{name}-artifacts", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    settings = {"RepositoryName": name, "BranchName": "main", "PollForSourceChanges": "false"}
    source = action("Source", "CodeCommit", "Source", settings, namespace="Source", outputArtifacts=[{"name": "code"}])
    custom = {"CustomData": "commit #{Source.CommitId} for #{variables.REASON}"}
    approve = action("Approval", "Manual", "Approve", custom)
    aws.client("codepipeline").create_pipeline(
        pipeline={
            "name": name,
            "roleArn": ROLE,
            "pipelineType": "V2",
            "executionMode": "QUEUED",
            "artifactStore": {"type": "S3", "location": f"{name}-artifacts"},
            "variables": [{"name": "REASON", "defaultValue": "commit"}],
            "stages": [{"name": "Source", "actions": [source]}, {"name": "Approve", "actions": [approve]}],
        }
    )
    return name


def waiting(aws, name):
    """Return the approval of the execution that waits, once one does."""

    def found():
        stage = aws.client("codepipeline").get_pipeline_state(name=name)["stageStates"][1]
        latest = stage["actionStates"][0].get("latestExecution", {})
        return latest if latest.get("status") == "InProgress" and "token" in latest else None

    return wait_for(found)


def answer(aws, name, status):
    token = waiting(aws, name)["token"]
    result = {"status": status, "summary": "because"}
    aws.client("codepipeline").put_approval_result(
        pipelineName=name, stageName="Approve", actionName="Approve", token=token, result=result
    )


def test_new_pipeline_starts_an_execution_that_ends_when_it_is_approved(aws, pipeline):
    client = aws.client("codepipeline")
    (execution,) = watch.executions(client, pipeline)
    assert execution["trigger"]["triggerType"] == "CreatePipeline"
    assert "for commit" in waiting(aws, pipeline)["summary"]
    answer(aws, pipeline, "Approved")
    assert watch.follow(client, pipeline, execution["pipelineExecutionId"]) == "Succeeded"
    statuses = {a.stage: a.status for a in watch.actions(client, pipeline, execution["pipelineExecutionId"])}
    assert statuses == {"Source": "Succeeded", "Approve": "Succeeded"}


def test_rejected_approval_fails_the_execution_and_a_retry_asks_again(aws, pipeline):
    client = aws.client("codepipeline")
    execution = watch.executions(client, pipeline)[0]["pipelineExecutionId"]
    answer(aws, pipeline, "Rejected")
    assert watch.follow(client, pipeline, execution) == "Failed"
    client.retry_stage_execution(
        pipelineName=pipeline, stageName="Approve", pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
    )
    answer(aws, pipeline, "Approved")
    assert watch.follow(client, pipeline, execution) == "Succeeded"


def test_queued_execution_waits_for_the_one_before_it(aws, pipeline):
    client = aws.client("codepipeline")
    first = watch.executions(client, pipeline)[0]["pipelineExecutionId"]
    waiting(aws, pipeline)
    second = client.start_pipeline_execution(name=pipeline)["pipelineExecutionId"]
    assert {e["status"] for e in watch.executions(client, pipeline)} == {"InProgress"}
    answer(aws, pipeline, "Approved")
    assert watch.follow(client, pipeline, first) == "Succeeded"
    answer(aws, pipeline, "Approved")
    assert watch.follow(client, pipeline, second) == "Succeeded"


def test_superseded_execution_gives_way_to_a_newer_one(aws, pipeline):
    client = aws.client("codepipeline")
    declaration = client.get_pipeline(name=pipeline)["pipeline"] | {"executionMode": "SUPERSEDED"}
    client.update_pipeline(pipeline=declaration)
    waiting(aws, pipeline)
    older = client.start_pipeline_execution(name=pipeline)["pipelineExecutionId"]
    wait_for(lambda: watch.actions(client, pipeline, older)[0].status == "Succeeded")
    client.start_pipeline_execution(name=pipeline)
    assert watch.follow(client, pipeline, older) == "Superseded"


def test_stopped_execution_ends_and_says_why(aws, pipeline):
    client = aws.client("codepipeline")
    execution = watch.executions(client, pipeline)[0]["pipelineExecutionId"]
    waiting(aws, pipeline)
    client.stop_pipeline_execution(
        pipelineName=pipeline, pipelineExecutionId=execution, abandon=True, reason="no longer wanted"
    )
    assert watch.follow(client, pipeline, execution) == "Stopped"
    shown = client.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=execution)["pipelineExecution"]
    assert shown["statusSummary"] == "no longer wanted"


def test_variable_without_a_value_is_refused(aws, pipeline):
    client = aws.client("codepipeline")
    declaration = client.get_pipeline(name=pipeline)["pipeline"]
    declaration["variables"].append({"name": "DATA"})  # no default, and nobody gives it
    client.update_pipeline(pipeline=declaration)
    with pytest.raises(ClientError, match="at least 1 character"):
        client.start_pipeline_execution(name=pipeline)


def test_push_starts_the_pipeline_through_eventbridge(aws, pipeline, repository):
    events, client = aws.client("events"), aws.client("codepipeline")
    known = {e["pipelineExecutionId"] for e in watch.executions(client, pipeline)}
    pattern = {"source": ["aws.codecommit"], "detail": {"repositoryName": [pipeline], "referenceName": ["main"]}}
    events.put_rule(Name=pipeline, EventPattern=json.dumps(pattern))
    arn = f"arn:aws:codepipeline:eu-west-1:123456789012:{pipeline}"
    events.put_targets(Rule=pipeline, Targets=[{"Id": "pipeline", "Arn": arn, "RoleArn": ROLE}])
    repository("second")
    started = watch.next_execution(client, pipeline, known)
    answer(aws, pipeline, "Approved")  # the first
    wait_for(lambda: watch.actions(client, pipeline, started))
    shown = client.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=started)["pipelineExecution"]
    assert shown["artifactRevisions"][0]["revisionSummary"] == "second"
    assert shown["trigger"]["triggerType"] == "CloudWatchEvent"


def test_source_of_an_empty_repository_fails_with_a_sentence(aws, name):
    aws.client("codecommit").create_repository(repositoryName=name)
    source = action("Source", "CodeCommit", "Source", {"RepositoryName": name, "BranchName": "main"})
    source["outputArtifacts"] = [{"name": "code"}]
    client = aws.client("codepipeline")
    client.create_pipeline(
        pipeline={
            "name": name,
            "roleArn": ROLE,
            "artifactStore": {"type": "S3", "location": "nowhere"},
            "stages": [
                {"name": "Source", "actions": [source]},
                {"name": "Approve", "actions": [action("Approval", "Manual", "Approve", {})]},
            ],
        }
    )
    execution = watch.executions(client, name)[0]["pipelineExecutionId"]
    assert watch.follow(client, name, execution) == "Failed"
    (failed,) = watch.actions(client, name, execution)
    assert "The branch main does not exist" in failed.summary
