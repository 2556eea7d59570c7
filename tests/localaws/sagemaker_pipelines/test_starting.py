"""What starts a pipeline of SageMaker: a request, once for its token, a rule, a schedule; and what is refused."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import ACCOUNT, REGION, Aws, wait_for
from tests.localaws.sagemaker_pipelines.definitions import (
    ROLE,
    definition,
    ended,
    fail,
    get,
    pipeline,
    refusal,
    start,
    steps,
)


def test_same_request_token_starts_one_execution(aws: Aws) -> None:
    name, token = pipeline(aws, definition(fail("Stop"))), uuid.uuid4().hex
    assert start(aws, name, ClientRequestToken=token) == start(aws, name, ClientRequestToken=token)
    listed = aws.client("sagemaker").list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
    assert len(listed) == 1


@pytest.mark.parametrize(
    ("values", "more", "code", "said"),
    [
        ({"Nobody": "1"}, {}, "ValidationException", "Parameters [Nobody] are not defined"),
        ({"InstanceCount": "many"}, {}, "ValidationException", "InstanceCount must be of type Integer (got: many)"),
        (
            {},
            {"SelectiveExecutionConfig": {"SelectedSteps": [{"StepName": "Stop"}]}},
            "NotImplemented",
            "does not implement SelectiveExecutionConfig of StartPipelineExecution",
        ),
    ],
    ids=["unknown-parameter", "wrong-type", "selective"],
)
def test_execution_impossible_is_refused(
    aws: Aws, values: dict[str, str], more: dict[str, Any], code: str, said: str
) -> None:
    name = pipeline(aws, definition(fail("Stop")))
    given = [{"Name": key, "Value": value} for key, value in values.items()]
    start_it = aws.client("sagemaker").start_pipeline_execution
    got = refusal(start_it, PipelineName=name, PipelineParameters=given, **more)
    assert got[0] == code
    assert said in got[1]
    assert not aws.client("sagemaker").list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]


def test_pipeline_name_used_twice_is_refused(aws: Aws) -> None:
    name = pipeline(aws, definition(fail("Stop")))
    again = {"PipelineName": name, "PipelineDefinition": definition(fail("Stop")), "RoleArn": ROLE}
    code, said = refusal(aws.client("sagemaker").create_pipeline, **again, ClientRequestToken=uuid.uuid4().hex)
    assert (code, f"Pipeline with name ({name}) already exists." in said) == ("ValidationException", True)


def test_step_type_that_is_not_emulated_answers_501_at_the_start(aws: Aws) -> None:
    name = pipeline(aws, definition({"Name": "Spark", "Type": "EMR", "Arguments": {}}))
    with pytest.raises(ClientError, match=r"pipeline steps of type EMR \(step Spark\)") as refused:
        start(aws, name)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_rule_starts_a_pipeline_with_parameters_of_its_event(aws: Aws) -> None:
    name, source = pipeline(aws, definition(fail("Say", get("Parameters.Answer")))), f"test.{uuid.uuid4().hex[:8]}"
    events, rule = aws.client("events"), f"rule-{uuid.uuid4().hex[:8]}"
    events.put_rule(Name=rule, EventPattern=f'{{"source": ["{source}"]}}')
    given = {"PipelineParameterList": [{"Name": "Answer", "Value": "$.detail.key"}]}
    target = {"Id": "p", "Arn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/{name}"}
    role = f"arn:aws:iam::{ACCOUNT}:role/events"
    events.put_targets(Rule=rule, Targets=[target | {"RoleArn": role, "SageMakerPipelineParameters": given}])
    events.put_events(Entries=[{"Source": source, "DetailType": "Test", "Detail": '{"key": "raw/a.csv"}'}])
    sagemaker = aws.client("sagemaker")
    found = wait_for(lambda: sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"])
    ended(aws, found[0]["PipelineExecutionArn"])
    assert steps(aws, found[0]["PipelineExecutionArn"])["Say"]["FailureReason"] == "raw/a.csv"
    events.remove_targets(Rule=rule, Ids=["p"])
    events.delete_rule(Name=rule)


def test_schedule_starts_a_pipeline(moving: Aws) -> None:
    aws = moving
    name, scheduler = pipeline(aws, definition(fail("Say", get("Parameters.Answer")))), aws.client("scheduler")
    target = {
        "Arn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/{name}",
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
        "SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": "Answer", "Value": "nightly"}]},
    }
    soon = aws.now() + timedelta(minutes=5)
    scheduler.create_schedule(
        Name=name, ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    aws.advance("6m")
    sagemaker = aws.client("sagemaker")
    found = wait_for(lambda: sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"])
    ended(aws, found[0]["PipelineExecutionArn"])
    assert steps(aws, found[0]["PipelineExecutionArn"])["Say"]["FailureReason"] == "nightly"
    scheduler.delete_schedule(Name=name)
