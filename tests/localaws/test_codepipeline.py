"""Executions of pipelines: approvals, queues, stops, retries, transitions, conditions, events."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import ACCOUNT, REGION, wait_for
from tests.localaws.pipelines import ROLE, Pipeline, approval, commits, declaration
from tests.localaws.repositories import WorkingCopy


@pytest.fixture
def name():
    return f"p-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def copy(aws, name, tmp_path):
    """A working copy with one commit that was pushed."""
    metadata = aws.client("codecommit").create_repository(repositoryName=name)["repositoryMetadata"]
    copy = WorkingCopy(tmp_path, metadata["cloneUrlHttp"])
    copy.push("first")
    return copy


@pytest.fixture
def declared(name, copy):
    """A source and an approval that names the commit and the reason."""
    message = "commit #{Source.CommitId} for #{variables.REASON}"
    variables = [{"name": "REASON", "defaultValue": "commit"}]
    return declaration(name, commits(name), approval(message=message), variables=variables)


@pytest.fixture
def pipeline(aws, declared):
    """That pipeline, whose first execution waits at the approval."""
    pipeline = Pipeline(aws, declared)
    pipeline.waiting()
    return pipeline


def test_new_pipeline_starts_an_execution_that_ends_when_it_is_approved(pipeline, copy):
    (execution,) = pipeline.executions()
    assert pipeline.execution(execution)["trigger"]["triggerType"] == "CreatePipeline"
    assert pipeline.waiting()["summary"] == f"commit {copy.git('rev-parse', 'HEAD')} for commit"
    pipeline.answer("Approved")
    assert pipeline.end(execution) == "Succeeded"
    assert {stage: a.status for stage, a in pipeline.actions(execution).items()} == {
        "Source": "Succeeded",
        "Approve": "Succeeded",
    }


def test_request_that_is_sent_twice_starts_one_execution(aws, pipeline, name):
    start = aws.client("codepipeline").start_pipeline_execution
    first, second = (start(name=name, clientRequestToken="run-1")["pipelineExecutionId"] for _ in range(2))
    assert first == second
    assert start(name=name)["pipelineExecutionId"] != start(name=name)["pipelineExecutionId"]
    assert len(pipeline.executions()) == 4


def test_execution_takes_variables_and_a_commit(pipeline, copy):
    first = copy.git("rev-parse", "HEAD")
    copy.push("second")
    pipeline.answer("Approved")
    revision = {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": first}
    started = pipeline.start(variables=[{"name": "REASON", "value": "drift"}], sourceRevisions=[revision])
    pipeline.reached(started, "Approve", "InProgress")
    assert pipeline.waiting()["summary"] == f"commit {first} for drift"


def test_rejected_approval_fails_the_execution_and_a_retry_asks_again(pipeline):
    execution = pipeline.first()
    pipeline.answer("Rejected")
    assert pipeline.end(execution) == "Failed"
    assert pipeline.actions(execution)["Approve"].summary == "because"
    pipeline.client.retry_stage_execution(
        pipelineName=pipeline.name, stageName="Approve", pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
    )
    pipeline.answer("Approved")
    assert pipeline.end(execution) == "Succeeded"


def test_retry_after_a_newer_execution_is_refused(pipeline):
    execution = pipeline.first()
    pipeline.answer("Rejected")
    assert pipeline.end(execution) == "Failed"
    pipeline.reached(pipeline.start(), "Approve", "InProgress")
    with pytest.raises(ClientError, match="NotLatestPipelineExecutionException"):
        pipeline.client.retry_stage_execution(
            pipelineName=pipeline.name, stageName="Approve", pipelineExecutionId=execution, retryMode="ALL_ACTIONS"
        )


def test_queued_executions_go_one_by_one_in_the_order_of_their_starts(pipeline):
    started = [pipeline.first(), *(pipeline.start() for _ in range(3))]
    for execution in started:
        pipeline.reached(execution, "Approve", "InProgress")
        assert next(e for e in started if pipeline.execution(e)["status"] == "InProgress") == execution
        pipeline.answer("Approved")
        assert pipeline.end(execution) == "Succeeded"


def test_waiting_execution_is_shown_before_its_stage(pipeline):
    second = pipeline.start()
    waiting = wait_for(lambda: pipeline.stage("Approve").get("inboundExecutions"))
    assert [execution["pipelineExecutionId"] for execution in waiting] == [second]


def test_superseded_execution_gives_way_to_a_newer_one(aws, declared):
    pipeline = Pipeline(aws, declared | {"executionMode": "SUPERSEDED"})
    pipeline.waiting()
    older = pipeline.start()
    pipeline.reached(older, "Source", "Succeeded")
    newer = pipeline.start()
    assert pipeline.end(older) == "Superseded"
    pipeline.answer("Approved")
    pipeline.reached(newer, "Approve", "InProgress")
    assert pipeline.end(pipeline.first()) == "Succeeded"


def test_stopped_execution_ends_says_why_and_lets_the_next_in(pipeline):
    execution, second = pipeline.first(), pipeline.start()
    pipeline.client.stop_pipeline_execution(
        pipelineName=pipeline.name, pipelineExecutionId=execution, abandon=True, reason="no longer wanted"
    )
    assert pipeline.end(execution) == "Stopped"
    assert pipeline.execution(execution)["statusSummary"] == "no longer wanted"
    assert pipeline.actions(execution)["Approve"].status == "Abandoned"
    pipeline.reached(second, "Approve", "InProgress")


def test_execution_that_ended_cannot_be_stopped(pipeline):
    execution = pipeline.first()
    pipeline.answer("Approved")
    pipeline.end(execution)
    with pytest.raises(ClientError, match="PipelineExecutionNotStoppableException"):
        pipeline.client.stop_pipeline_execution(pipelineName=pipeline.name, pipelineExecutionId=execution)


def test_approval_is_answered_once_and_with_its_own_token(pipeline):
    token = pipeline.waiting()["token"]
    with pytest.raises(ClientError, match="InvalidApprovalTokenException"):
        pipeline.answer("Approved", token=str(uuid.uuid4()))
    pipeline.answer("Approved", token=token)
    with pytest.raises(ClientError, match="ApprovalAlreadyCompletedException"):
        pipeline.answer("Rejected", token=token)


def test_disabled_transition_holds_executions_back_until_it_is_enabled(pipeline):
    place = {"pipelineName": pipeline.name, "stageName": "Approve", "transitionType": "Inbound"}
    pipeline.client.disable_stage_transition(**place, reason="freeze")
    assert pipeline.stage("Approve")["inboundTransitionState"]["disabledReason"] == "freeze"
    pipeline.answer("Approved")
    second = pipeline.start()
    pipeline.reached(second, "Source", "Succeeded")
    assert "Approve" not in pipeline.actions(second)
    pipeline.client.enable_stage_transition(**place)
    pipeline.reached(second, "Approve", "InProgress")


@pytest.mark.parametrize(("value", "status"), [("none", "Skipped"), ("some", "InProgress")])
def test_stage_is_skipped_when_its_entry_condition_does_not_hold(aws, name, copy, value, status):
    kind = {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"}
    settings = {"Variable": "#{variables.PACKAGE}", "Operator": "NE", "Value": "none"}
    rule = {"name": "Something", "ruleTypeId": kind, "configuration": settings}
    stage = approval(beforeEntry={"conditions": [{"result": "SKIP", "rules": [rule]}]})
    variables = [{"name": "PACKAGE", "defaultValue": value}]
    pipeline = Pipeline(aws, declaration(name, commits(name), stage, variables=variables))
    assert wait_for(lambda: pipeline.stage("Approve").get("latestExecution", {}).get("status") == status)
    if status == "Skipped":
        assert pipeline.end(pipeline.first()) == "Succeeded"


def test_push_starts_the_pipeline_through_eventbridge(aws, pipeline, copy):
    pattern = {"source": ["aws.codecommit"], "detail": {"repositoryName": [pipeline.name], "referenceName": ["main"]}}
    aws.client("events").put_rule(Name=pipeline.name, EventPattern=json.dumps(pattern))
    target = {"Id": "pipeline", "Arn": pipeline.arn, "RoleArn": ROLE}
    aws.client("events").put_targets(Rule=pipeline.name, Targets=[target])
    commit = copy.push("second")
    assert wait_for(lambda: len(pipeline.executions()) == 2)
    started = pipeline.executions()[0]
    pipeline.reached(started, "Source", "Succeeded")
    (revision,) = pipeline.execution(started)["artifactRevisions"]
    assert (revision["revisionId"], revision["revisionSummary"]) == (commit, "second")
    assert pipeline.execution(started)["trigger"]["triggerType"] == "CloudWatchEvent"


def test_failure_is_an_event(aws, pipeline):
    aws.client("sqs").create_queue(QueueName=pipeline.name)
    pattern = {"source": ["aws.codepipeline"], "detail": {"pipeline": [pipeline.name], "state": ["FAILED"]}}
    aws.client("events").put_rule(Name=pipeline.name, EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{pipeline.name}"}
    aws.client("events").put_targets(Rule=pipeline.name, Targets=[target])
    pipeline.answer("Rejected")
    pipeline.end(pipeline.first())
    queue, seen = aws.client("sqs").get_queue_url(QueueName=pipeline.name)["QueueUrl"], []

    def all_seen():
        answer = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        seen.extend(json.loads(message["Body"]) for message in answer.get("Messages", []))
        return len(seen) == 3

    assert wait_for(all_seen)
    levels = {event["detail-type"].split()[1] for event in seen}
    assert levels == {"Action", "Stage", "Pipeline"}
    assert {event["detail"]["execution-id"] for event in seen} == {pipeline.first()}


def test_lists_come_in_pages(pipeline):
    for _ in range(2):
        pipeline.start()
    pages = pipeline.client.get_paginator("list_pipeline_executions").paginate(
        pipelineName=pipeline.name, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["pipelineExecutionSummaries"]) for page in pages] == [2, 1]


def test_deleted_pipeline_ends_what_it_ran(pipeline):
    pipeline.client.delete_pipeline(name=pipeline.name)
    with pytest.raises(ClientError, match="does not have a pipeline with name"):
        pipeline.client.get_pipeline(name=pipeline.name)
