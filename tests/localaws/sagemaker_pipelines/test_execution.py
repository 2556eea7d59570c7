"""SageMaker Pipelines of the embedded AWS run their definitions with real jobs."""

import uuid
from typing import Any

import pytest

from tests.localaws.bundles import push_bundle
from tests.localaws.conftest import ACCOUNT, REGION, AddFault, Aws, wait_for
from tests.localaws.events import Listener
from tests.localaws.functions import new_function
from tests.localaws.sagemaker_pipelines.definitions import (
    abalone,
    definition,
    ended,
    fail,
    get,
    join,
    new_group,
    new_input,
    pipeline,
    refusal,
    start,
    statuses,
    steps,
    training,
)


def condition(name: str, *conditions: dict[str, Any], yes: Any = (), no: Any = (), **more: Any) -> dict[str, Any]:
    arguments = {"Conditions": list(conditions), "IfSteps": list(yes), "ElseSteps": list(no)}
    return {"Name": name, "Type": "Condition", "Arguments": arguments} | more


def equals(left: Any, right: Any) -> dict[str, Any]:
    return {"Type": "Equals", "LeftValue": left, "RightValue": right}


def test_pipeline_trains_evaluates_and_registers_a_good_model(aws: Aws) -> None:
    bucket, group, sagemaker = new_input(aws), new_group(aws), aws.client("sagemaker")
    name = pipeline(aws, abalone(aws, bucket, group))
    listener = Listener(aws, source=["aws.sagemaker"], detail={"pipelineArn": [{"suffix": f"pipeline/{name}"}]})
    arn = start(aws, name, {"Approval": "Approved"}, PipelineExecutionDisplayName="tuesday")
    execution = ended(aws, arn)
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps(aws, arn)
    assert execution["PipelineExecutionDisplayName"] == "tuesday"
    found = steps(aws, arn)
    assert list(found)[:4] == ["Process", "Train", "Evaluate", "Check"]
    assert {name: step["StepStatus"] for name, step in found.items()} == dict.fromkeys(
        ["Process", "Train", "Evaluate", "Check", "Register", "Create"], "Succeeded"
    )
    assert found["Check"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    job = sagemaker.describe_training_job(
        TrainingJobName=found["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    )
    number = arn.rpartition("/")[2]
    assert job["TrainingJobName"].startswith(f"pipelines-{number}-Train-")
    channel = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert channel["S3Uri"] == f"s3://{bucket}/{number}/train"
    package = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"][0]
    assert package["ModelApprovalStatus"] == "Approved"
    assert found["Register"]["Metadata"]["RegisterModel"]["Arn"] == package["ModelPackageArn"]
    described = sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
    container = described["InferenceSpecification"]["Containers"][0]
    assert container["ModelDataUrl"] == job["ModelArtifacts"]["S3ModelArtifacts"]
    _check_events(listener, arn)
    listed = sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
    assert [item["PipelineExecutionArn"] for item in listed] == [arn]
    values = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert {item["Name"]: item["Value"] for item in values}["Threshold"] == "6.0"


def _check_events(listener: Listener, arn: str) -> None:
    """The events are those of the documentation: of the execution, and of each step."""
    events = listener.until(lambda told: told.get("currentPipelineExecutionStatus") == "Succeeded")
    listener.close()
    assert {tuple(event["resources"]) for event in events} == {(arn.partition("/execution")[0], arn)}
    executions = [event["detail"] for event in events if "currentPipelineExecutionStatus" in event["detail"]]
    assert [detail["currentPipelineExecutionStatus"] for detail in executions] == ["Executing", "Succeeded"]
    assert executions[1]["previousPipelineExecutionStatus"] == "Executing"
    trained = [event for event in events if event["detail"].get("stepName") == "Train"]
    assert {event["detail-type"] for event in trained} == {
        "SageMaker Model Building Pipeline Execution Step Status Change"
    }
    assert [event["detail"]["currentStepStatus"] for event in trained] == ["Starting", "Executing", "Succeeded"]
    assert trained[2]["detail"]["metadata"]["trainingJob"]["arn"].startswith("arn:aws:sagemaker:")


def test_pipeline_fails_on_a_model_over_the_threshold(aws: Aws) -> None:
    group = new_group(aws)
    arn = start(aws, pipeline(aws, abalone(aws, new_input(aws), group)), {"Answer": "7.5"})
    execution = ended(aws, arn)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Step failure: One or multiple steps failed."
    found = steps(aws, arn)
    assert found["Check"]["Metadata"] == {"Condition": {"Outcome": "False"}}
    assert found["TooBad"]["FailureReason"] == "MSE is over 6.0"
    assert not {"Register", "Create"} & found.keys()
    assert not aws.client("sagemaker").list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]


@pytest.mark.slow
def test_failed_step_is_retried_and_what_succeeded_stays(aws: Aws, fault: AddFault) -> None:
    arn = start(aws, pipeline(aws, abalone(aws, new_input(aws), new_group(aws))))
    fault("kill", f"pipelines-{arn.rpartition('/')[2]}-Train-*")
    assert ended(aws, arn)["PipelineExecutionStatus"] == "Failed"
    before = steps(aws, arn)
    assert before["Train"]["FailureReason"].endswith("exit code: 137")
    sagemaker = aws.client("sagemaker")
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)
    assert ended(aws, arn)["PipelineExecutionStatus"] == "Succeeded"
    after = steps(aws, arn)
    assert after["Process"]["StartTime"] == before["Process"]["StartTime"]
    assert after["Train"]["Metadata"] != before["Train"]["Metadata"]
    code, said = refusal(
        sagemaker.retry_pipeline_execution, PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex
    )
    assert (code, "its status is Succeeded" in said) == ("ConflictException", True)


def test_stopped_execution_stops_its_jobs(aws: Aws) -> None:
    bucket, sagemaker = new_input(aws), aws.client("sagemaker")
    slow = training("Slow", push_bundle(aws), f"s3://{bucket}/in/", bucket, {"sleep": "60"})
    name = pipeline(aws, definition(slow, fail("After", DependsOn=["Slow"])))
    arn = start(aws, name)
    assert wait_for(lambda: statuses(aws, arn).get("Slow") == "Executing")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)
    assert ended(aws, arn)["PipelineExecutionStatus"] == "Stopped"
    found = steps(aws, arn)
    assert {step: record["StepStatus"] for step, record in found.items()} == {"Slow": "Stopped"}
    job = found["Slow"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    assert sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "Stopped"


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "overlap"), [(2, True), (1, False)])
def test_independent_steps_run_at_once_within_the_limit(aws: Aws, limit: int, overlap: bool) -> None:
    bucket, image = new_input(aws), push_bundle(aws)
    pair = [training(step, image, f"s3://{bucket}/in/", bucket, {"steps": "1"}) for step in ("One", "Two")]
    name = pipeline(aws, definition(*pair), ParallelismConfiguration={"MaxParallelExecutionSteps": limit})
    arn = start(aws, name)
    assert ended(aws, arn)["PipelineExecutionStatus"] == "Succeeded"
    first, second = steps(aws, arn).values()
    assert (second["StartTime"] < first["EndTime"]) is overlap


def test_lambda_step_gets_its_arguments_and_gives_its_outputs(aws: Aws) -> None:
    code = "def handler(event, context):\n    return {'doubled': event['value'] * 2, 'name': event['name']}"
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{new_function(aws, code)}"
    step = {
        "Name": "Double",
        "Type": "Lambda",
        "FunctionArn": function,
        "Arguments": {"value": get("Parameters.InstanceCount"), "name": get("Execution.PipelineName")},
        "OutputParameters": [
            {"OutputName": "doubled", "OutputType": "Integer"},
            {"OutputName": "name", "OutputType": "String"},
        ],
    }
    outputs = [get(f"Steps.Double.OutputParameters['{output}']") for output in ("name", "doubled")]
    name = pipeline(aws, definition(step, fail("Say", join(*outputs, on="="))))
    arn = start(aws, name, {"InstanceCount": "21"})
    ended(aws, arn)
    found = steps(aws, arn)
    assert found["Say"]["FailureReason"] == f"{name}=42"
    assert found["Double"]["Metadata"]["Lambda"]["OutputParameters"] == [
        {"Name": "doubled", "Value": "42"},
        {"Name": "name", "Value": name},
    ]


def test_retry_policy_tries_again_over_a_quota(aws: Aws, fault: AddFault) -> None:
    bucket = new_input(aws)
    policy = {"ExceptionType": ["SageMaker.RESOURCE_LIMIT"], "IntervalSeconds": 0, "BackoffRate": 1, "MaxAttempts": 2}
    name = f"Train{uuid.uuid4().hex[:8]}"
    step = training(name, push_bundle(aws), f"s3://{bucket}/in/", bucket, {}, RetryPolicies=[policy])
    fault("quota", f"pipelines-*-{name}-*")
    arn = start(aws, pipeline(aws, definition(step)))
    assert ended(aws, arn)["PipelineExecutionStatus"] == "Succeeded", steps(aws, arn)
    assert steps(aws, arn)[name]["AttemptCount"] == 2


@pytest.mark.slow
def test_cached_step_is_not_run_again_with_the_same_arguments(aws: Aws) -> None:
    bucket = new_input(aws)
    cache = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"}}
    hyperparameters = {"answer": get("Parameters.Answer")}
    step = training("Train", push_bundle(aws), f"s3://{bucket}/in/", bucket, hyperparameters, **cache)
    name = pipeline(aws, definition(step))
    first, second = start(aws, name), ""
    ended(aws, first)
    for answer, source in (("3", first), ("4", None)):
        second = start(aws, name, {"Answer": answer})
        assert ended(aws, second)["PipelineExecutionStatus"] == "Succeeded"
        hit = steps(aws, second)["Train"].get("CacheHitResult", {}).get("SourcePipelineExecutionArn")
        assert hit == source


def test_step_with_refused_arguments_fails_with_the_reason(aws: Aws) -> None:
    bucket = new_input(aws)
    step = training("Train", push_bundle(aws), f"s3://{bucket}/nothing/", bucket, {})
    arn = start(aws, pipeline(aws, definition(step)))
    ended(aws, arn)
    reason = steps(aws, arn)["Train"]["FailureReason"]
    assert reason.startswith("ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: No S3 objects")


def test_branch_that_is_not_taken_and_what_depends_on_it_do_not_run(aws: Aws) -> None:
    nested = condition("Inner", equals(1, 2), yes=[fail("Never")])
    outer = condition("Outer", equals("a", "a"), equals(1, 1), yes=[nested], no=[fail("Else")])
    arn = start(aws, pipeline(aws, definition(outer, fail("After", DependsOn=["Never"]))))
    assert ended(aws, arn)["PipelineExecutionStatus"] == "Succeeded"
    assert statuses(aws, arn) == {"Outer": "Succeeded", "Inner": "Succeeded"}
