"""Which action on which resource an API call needs, for the services of a project."""

import pytest

from cookiecutter_mlops.localaws.extension import NotEmulated
from cookiecutter_mlops.localaws.iam import calls, context
from cookiecutter_mlops.localaws.iam.requests import Operation
from tests.localaws.conftest import ACCOUNT, REGION

PLACE = f"{REGION}:{ACCOUNT}"
SAGEMAKER = f"arn:aws:sagemaker:{PLACE}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
GROUP = f"arn:aws:logs:{PLACE}:log-group:/g:log-stream:"


def needed(service, name, params):
    operation = Operation(service, name, params, REGION, ACCOUNT)
    return [(call.action, call.resource) for call in calls.of(operation)]


@pytest.mark.parametrize(
    ("service", "name", "params", "expected"),
    [
        (
            "sagemaker",
            "DescribeTrainingJob",
            {"TrainingJobName": "j"},
            [("DescribeTrainingJob", f"{SAGEMAKER}:training-job/j")],
        ),
        ("sagemaker", "ListTrainingJobs", {}, [("ListTrainingJobs", "*")]),
        (
            "sagemaker",
            "UpdateEndpoint",
            {"EndpointName": "e", "EndpointConfigName": "c"},
            [("UpdateEndpoint", f"{SAGEMAKER}:endpoint/e"), ("UpdateEndpoint", f"{SAGEMAKER}:endpoint-config/c")],
        ),
        ("sagemaker", "InvokeEndpoint", {"EndpointName": "e"}, [("InvokeEndpoint", f"{SAGEMAKER}:endpoint/e")]),
        (
            "sagemaker",
            "ListModelPackages",
            {"ModelPackageGroupName": "g"},
            [("ListModelPackages", f"{SAGEMAKER}:model-package/g/*")],
        ),
        (
            "sagemaker",
            "UpdateModelPackage",
            {"ModelPackageArn": f"{SAGEMAKER}:model-package/g/1"},
            [("UpdateModelPackage", f"{SAGEMAKER}:model-package/g/1")],
        ),
        (
            "sagemaker",
            "AddTags",
            {"ResourceArn": f"{SAGEMAKER}:model/m", "Tags": []},
            [("AddTags", f"{SAGEMAKER}:model/m")],
        ),
        (
            "sagemaker",
            "StartPipelineExecution",
            {"PipelineName": "p"},
            [("StartPipelineExecution", f"{SAGEMAKER}:pipeline/p")],
        ),
        (
            "sagemaker",
            "StopPipelineExecution",
            {"PipelineExecutionArn": f"{SAGEMAKER}:pipeline/p/execution/x"},
            [("StopPipelineExecution", f"{SAGEMAKER}:pipeline/p/execution/x")],
        ),
        ("ssm", "GetParameter", {"Name": "/a/b"}, [("GetParameter", f"arn:aws:ssm:{PLACE}:parameter/a/b")]),
        (
            "ssm",
            "GetParameters",
            {"Names": ["/a", "b"]},
            [("GetParameters", f"arn:aws:ssm:{PLACE}:parameter/{n}") for n in "ab"],
        ),
        ("codebuild", "StartBuild", {"projectName": "p"}, [("StartBuild", f"arn:aws:codebuild:{PLACE}:project/p")]),
        (
            "codebuild",
            "BatchGetBuilds",
            {"ids": ["p:1", "p:2"]},
            [("BatchGetBuilds", f"arn:aws:codebuild:{PLACE}:project/p")],
        ),
        ("codepipeline", "GetPipelineState", {"name": "p"}, [("GetPipelineState", f"arn:aws:codepipeline:{PLACE}:p")]),
        (
            "codepipeline",
            "PutApprovalResult",
            {"pipelineName": "p", "stageName": "s", "actionName": "a"},
            [("PutApprovalResult", f"arn:aws:codepipeline:{PLACE}:p/s/a")],
        ),
        ("codecommit", "GetBranch", {"repositoryName": "r"}, [("GetBranch", f"arn:aws:codecommit:{PLACE}:r")]),
        ("ecr", "PutImage", {"repositoryName": "a/b"}, [("PutImage", f"arn:aws:ecr:{PLACE}:repository/a/b")]),
        ("lambda", "Invoke", {"FunctionName": "f"}, [("InvokeFunction", f"arn:aws:lambda:{PLACE}:function:f")]),
        (
            "lambda",
            "Invoke",
            {"FunctionName": f"arn:aws:lambda:{PLACE}:function:f"},
            [("InvokeFunction", f"arn:aws:lambda:{PLACE}:function:f")],
        ),
        ("sqs", "SendMessageBatch", {"QueueUrl": f"http://x/{ACCOUNT}/q"}, [("SendMessage", f"arn:aws:sqs:{PLACE}:q")]),
        (
            "dynamodb",
            "Query",
            {"TableName": "t", "IndexName": "i"},
            [("Query", f"arn:aws:dynamodb:{PLACE}:table/t/index/i")],
        ),
        ("logs", "PutLogEvents", {"logGroupName": "/g", "logStreamName": "s"}, [("PutLogEvents", f"{GROUP}s")]),
        ("logs", "DescribeLogStreams", {"logGroupName": "/g"}, [("DescribeLogStreams", GROUP)]),
        (
            "cloudwatch",
            "DescribeAlarms",
            {"AlarmNames": ["a"]},
            [("DescribeAlarms", f"arn:aws:cloudwatch:{PLACE}:alarm:a")],
        ),
        ("cloudwatch", "PutMetricData", {"Namespace": "n"}, [("PutMetricData", "*")]),
        ("events", "PutEvents", {"Entries": [{}]}, [("PutEvents", f"arn:aws:events:{PLACE}:event-bus/default")]),
        ("events", "DisableRule", {"Name": "r"}, [("DisableRule", f"arn:aws:events:{PLACE}:rule/r")]),
        ("scheduler", "GetSchedule", {"Name": "s"}, [("GetSchedule", f"arn:aws:scheduler:{PLACE}:schedule/default/s")]),
        ("sts", "AssumeRole", {"RoleArn": ROLE}, [("AssumeRole", ROLE)]),
        ("ec2", "DescribeSubnets", {}, [("DescribeSubnets", "*")]),
    ],
)
def test_call_needs_its_action_on_its_resource(service, name, params, expected):
    assert needed(service, name, params) == [(f"{service}:{action}", resource) for action, resource in expected]


@pytest.mark.parametrize(
    ("service", "name", "params", "passed_to"),
    [
        ("sagemaker", "CreateTrainingJob", {"TrainingJobName": "j", "RoleArn": ROLE}, "sagemaker"),
        ("sagemaker", "CreateModel", {"ModelName": "m", "ExecutionRoleArn": ROLE}, "sagemaker"),
        (
            "sagemaker",
            "CreateHyperParameterTuningJob",
            {"HyperParameterTuningJobName": "t", "TrainingJobDefinition": {"RoleArn": ROLE}},
            "sagemaker",
        ),
        (
            "sagemaker",
            "StartPipelineExecution",
            {"PipelineName": "p", "RoleArn": ROLE},
            "sagemaker",
        ),
        ("codebuild", "CreateProject", {"name": "p", "serviceRole": ROLE}, "codebuild"),
        ("codepipeline", "CreatePipeline", {"pipeline": {"name": "p", "roleArn": ROLE}}, "codepipeline"),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": ROLE}, "lambda"),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"RoleArn": ROLE}]}, "events"),
        ("scheduler", "CreateSchedule", {"Name": "s", "Target": {"RoleArn": ROLE}}, "scheduler"),
    ],
)
def test_call_that_hands_over_a_role_needs_pass_role(service, name, params, passed_to):
    (call,) = [c for c in calls.of(Operation(service, name, params, REGION, ACCOUNT)) if c.action == "iam:PassRole"]
    assert call.resource == ROLE
    assert call.context == {"iam:passedtoservice": [f"{passed_to}.amazonaws.com"]}


def test_tags_at_creation_need_add_tags():
    params = {"ModelName": "m", "Tags": [{"Key": "k", "Value": "v"}]}
    assert ("sagemaker:AddTags", f"{SAGEMAKER}:model/m") in needed("sagemaker", "CreateModel", params)


def test_alarms_of_an_update_need_to_be_described():
    alarms = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}
    params = {"EndpointName": "e", "EndpointConfigName": "c", "DeploymentConfig": alarms}
    wanted = ("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{PLACE}:alarm:errors")
    assert wanted in needed("sagemaker", "UpdateEndpoint", params)


def test_scaling_policy_needs_the_alarms_that_it_makes():
    params = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/v",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1},
    }
    found = needed("application-autoscaling", "PutScalingPolicy", params)
    assert (
        "cloudwatch:PutMetricAlarm",
        f"arn:aws:cloudwatch:{PLACE}:alarm:TargetTracking-endpoint/e/variant/v-AlarmHigh",
    ) in found


def test_resource_that_cannot_be_told_is_an_error():
    with pytest.raises(NotEmulated, match="sagemaker:DescribeModel"):
        needed("sagemaker", "DescribeModel", {})


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("CreateTrainingJob", lambda settings: settings),
        ("CreateHyperParameterTuningJob", lambda settings: {"TrainingJobDefinition": settings}),
        (
            "CreateHyperParameterTuningJob",
            lambda settings: {
                "TrainingJobDefinition": {
                    "HyperParameterTuningResourceConfig" if name == "ResourceConfig" else name: value
                    for name, value in settings.items()
                }
            },
        ),
    ],
    ids=["training", "tuning", "tuning-as-the-sdk-asks"],
)
def test_job_carries_the_condition_keys_of_its_settings(operation, asked):
    settings = {
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": False,
        "OutputDataConfig": {"KmsKeyId": "out"},
        "ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "VolumeKmsKeyId": "volume"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    }
    params = asked(settings) | {"Tags": [{"Key": "project", "Value": "wages"}]}
    assert context.of_operation(Operation("sagemaker", operation, params, REGION, ACCOUNT)) == {
        "aws:requesttag/project": ["wages"],
        "aws:tagkeys": ["project"],
        "sagemaker:instancetypes": ["ml.g5.2xlarge"],
        "sagemaker:intercontainertrafficencryption": ["false"],
        "sagemaker:maxruntimeinseconds": ["60"],
        "sagemaker:networkisolation": ["true"],
        "sagemaker:outputkmskey": ["out"],
        "sagemaker:outputkmskeyarn": ["out"],
        "sagemaker:volumekmskey": ["volume"],
        "sagemaker:volumekmskeyarn": ["volume"],
        "sagemaker:vpcsecuritygroupids": ["sg-1"],
        "sagemaker:vpcsubnets": ["subnet-1"],
    }
