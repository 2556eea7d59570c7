"""Whatever runs acts with its own role: jobs, builds, functions, pipelines; none has the credentials of a person."""

import json
import uuid

import pytest

from tests.localaws.bundles import new_bucket
from tests.localaws.codebuild.conftest import ENVIRONMENT, log
from tests.localaws.conftest import ACCOUNT, wait_for
from tests.localaws.functions import zipped
from tests.localaws.iam.conftest import allow, refusal, service_role
from tests.localaws.sagemaker_pipelines.definitions import definition, start, steps
from tests.localaws.sagemaker_pipelines.definitions import ended as execution_ended
from tests.localaws.test_sagemaker_training import ended, request

PULL = allow(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])
JOB = [PULL, allow("ecr:GetAuthorizationToken"), allow(["s3:ListBucket", "s3:GetObject"])]


def finished(strict, role, **changes):
    """Run a training job with a role to its end."""
    bucket = new_bucket(strict.aws, **{"data/a.csv": "1"})
    wanted = request(strict.aws, bucket, RoleArn=role, **changes)
    strict.client("sagemaker").create_training_job(**wanted)
    return wait_for(lambda: ended(strict.aws, wanted["TrainingJobName"]))


def test_job_reads_and_writes_with_its_role(strict):
    assert (
        finished(strict, service_role(strict, "sagemaker", *JOB, allow("s3:PutObject")))["TrainingJobStatus"]
        == "Completed"
    )


@pytest.mark.parametrize(
    ("statements", "missing"),
    [
        (JOB, "s3:PutObject"),
        (JOB[:2], "s3:ListBucket"),
        (JOB[1:], "ecr:BatchCheckLayerAvailability"),
        ([PULL, *JOB[2:]], "ecr:GetAuthorizationToken"),
    ],
)
def test_job_ends_where_its_role_may_not(strict, statements, missing):
    role = service_role(strict, "sagemaker", *statements)
    job = finished(strict, role)
    assert job["TrainingJobStatus"] == "Failed"
    who = f"ClientError: User: arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/SageMaker"
    assert job["FailureReason"].startswith(f"{who} is not authorized to perform: {missing} on resource: ")


@pytest.mark.parametrize("trust", [("lambda", ACCOUNT), ("sagemaker", "999999999999")])
def test_job_with_a_role_that_does_not_trust_sagemaker_is_refused(strict, trust):
    service, account = trust
    role = service_role(strict, service, *JOB, account=account)
    wanted = request(strict.aws, new_bucket(strict.aws, **{"data/a.csv": "1"}), RoleArn=role)
    error = refusal(strict.client("sagemaker").create_training_job, **wanted)
    assert error.response["Error"]["Message"].startswith(f"Could not assume role {role}. Please ensure that the role")


LOGS = allow(["logs:CreateLogStream", "logs:PutLogEvents"])
BUILDSPEC = """version: 0.2
phases:
  build:
    commands:
      - python -c "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
      - python -c "import boto3; boto3.client('s3').list_buckets()"
"""


def started(strict, *statements):
    """Start a build with a role and return its id."""
    codebuild, name = strict.client("codebuild"), f"b-{uuid.uuid4().hex[:8]}"
    codebuild.create_project(
        name=name,
        source={"type": "NO_SOURCE", "buildspec": BUILDSPEC},
        artifacts={"type": "NO_ARTIFACTS"},
        environment=ENVIRONMENT,
        serviceRole=service_role(strict, "codebuild", *statements),
    )
    return codebuild.start_build(projectName=name)["build"]["id"]


def built(strict, build):
    """Return a build once it has ended."""
    codebuild = strict.client("codebuild")
    return wait_for(
        lambda: next((b for b in codebuild.batch_get_builds(ids=[build])["builds"] if b["buildComplete"]), None), 60
    )


def test_build_is_its_role_and_may_no_more(strict):
    build = built(strict, started(strict, LOGS))
    lines = log(strict.aws, build)
    assert any(f"arn:aws:sts::{ACCOUNT}:assumed-role/" in line and "/AWSCodeBuild-" in line for line in lines)
    assert any("s3:ListAllMyBuckets on resource" in line for line in lines)
    assert build["buildStatus"] == "FAILED"


def test_build_that_may_not_write_its_log_fails_at_once(strict):
    build = built(strict, started(strict))
    failed = next(phase for phase in build["phases"] if phase.get("phaseStatus") == "FAILED")
    assert failed["phaseType"] == "PROVISIONING"
    assert "logs:CreateLogStream" in failed["contexts"][0]["message"]


CODE = """
import boto3
def handler(event, context):
    boto3.client("ssm").get_parameter(Name="/a")
"""


def function(strict, *statements):
    """Make a function with a role of its own."""
    name = f"function-{uuid.uuid4().hex[:8]}"
    settings = {
        "Runtime": "python3.12",
        "Handler": "app.handler.handler",
        "Timeout": 60,
        "Code": {"ZipFile": zipped(CODE)},
    }
    role = service_role(strict, "lambda", *statements)
    return strict.client("lambda").create_function(FunctionName=name, Role=role, **settings)["FunctionArn"]


def test_function_acts_with_its_role(strict):
    arn = function(strict)
    answer = json.loads(strict.client("lambda").invoke(FunctionName=arn)["Payload"].read())
    assert answer["errorType"] == "AccessDeniedException"
    assert "is not authorized to perform: ssm:GetParameter" in answer["errorMessage"]
    assert not strict.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{arn.rpartition(':')[2]}")[
        "logGroups"
    ]


def test_function_is_invoked_only_by_rules_that_its_policy_names(strict):
    arn, events, name = function(strict), strict.client("events"), f"rule-{uuid.uuid4().hex[:8]}"
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "f", "Arn": arn}])
    for source, allowed in ((f"{rule}-other", False), (rule, True)):
        leave = {"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com", "SourceArn": source}
        strict.client("lambda").add_permission(FunctionName=arn, StatementId=f"is-{allowed}".lower(), **leave)
        events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": "{}"}])
        decided = ("events.amazonaws.com", allowed)
        assert wait_for(lambda decided=decided: decided in decisions(strict, arn))


def decisions(strict, resource):
    """Return who was let to a resource, and who was not."""
    return [(entry["role"], entry["allowed"]) for entry in strict.decisions() if entry["resource"] == resource]


def registering(strict, *statements):
    """Run a pipeline that registers a model with a role, and return the step."""
    sagemaker, name = strict.client("sagemaker"), f"pipeline-{uuid.uuid4().hex[:8]}"
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    register = {"Name": "Register", "Type": "RegisterModel", "Arguments": {"ModelPackageGroupName": name}}
    role = service_role(strict, "sagemaker", *statements)
    sagemaker.create_pipeline(
        PipelineName=name, PipelineDefinition=definition(register), RoleArn=role, ClientRequestToken=uuid.uuid4().hex
    )
    arn = start(strict.aws, name)
    execution_ended(strict.aws, arn)
    return steps(strict.aws, arn)["Register"]


def test_pipeline_of_sagemaker_acts_with_its_role(strict):
    may = ["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"]
    assert registering(strict, allow(may))["StepStatus"] == "Succeeded"
    reason = registering(strict, allow(may[1]))["FailureReason"]
    assert "is not authorized to perform: sagemaker:CreateModelPackage on resource" in reason
