"""Requests of roles, users and the administrator, as programs send them: allowed, refused, and in whose words."""

import subprocess

import pytest

from tests.localaws.conftest import ACCOUNT, REGION
from tests.localaws.iam.conftest import allow, deny, refusal, words


def test_administrator_may_do_everything(strict):
    bucket = strict.bucket()
    strict.client("s3").put_object(Bucket=bucket, Key="a", Body=b"1")
    assert strict.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_role_may_do_what_its_policy_says(strict):
    bucket = strict.bucket()
    strict.client("s3").put_object(Bucket=bucket, Key="in/a", Body=b"1")
    s3 = strict.role(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/in/*")).client("s3")
    assert s3.get_object(Bucket=bucket, Key="in/a")["Body"].read() == b"1"
    assert s3.head_object(Bucket=bucket, Key="in/a")["ContentLength"] == 1


def test_refusal_of_s3_reads_like_aws(strict):
    bucket, caller = strict.bucket(), strict.role()
    error = refusal(caller.client("s3").put_object, Bucket=bucket, Key="a", Body=b"1")
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert words(error) == (
        "AccessDenied",
        f"User: {caller.arn} is not authorized to perform: s3:PutObject on resource: "
        f'"arn:aws:s3:::{bucket}/a" because no identity-based policy allows the s3:PutObject action',
    )


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code", "said"),
    [
        ("ssm", "get_parameter", {"Name": "/a/b"}, "AccessDeniedException", f"ssm:{REGION}:{ACCOUNT}:parameter/a/b"),
        (
            "sns",
            "publish",
            {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "Message": "m"},
            "AuthorizationError",
            ":t",
        ),
        ("sagemaker", "list_models", {}, "AccessDeniedException", "sagemaker:ListModels on resource: *"),
        ("dynamodb", "get_item", {"TableName": "t", "Key": {"k": {"S": "1"}}}, "AccessDeniedException", ":table/t"),
        ("ec2", "describe_vpcs", {}, "UnauthorizedOperation", "not authorized to perform this operation"),
        (
            "cloudwatch",
            "put_metric_data",
            {"Namespace": "n", "MetricData": []},
            "AccessDenied",
            "cloudwatch:PutMetricData",
        ),
        ("lambda", "invoke", {"FunctionName": "f"}, "AccessDeniedException", "lambda:InvokeFunction"),
        ("codepipeline", "start_pipeline_execution", {"name": "p"}, "AccessDeniedException", f":{ACCOUNT}:p "),
        ("ecr", "get_authorization_token", {}, "AccessDeniedException", "ecr:GetAuthorizationToken on resource: *"),
        ("iam", "list_roles", {}, "AccessDenied", "iam:ListRoles"),
        ("scheduler", "get_schedule", {"Name": "s"}, "AccessDeniedException", ":schedule/default/s"),
    ],
)
def test_refusal_is_in_the_protocol_of_the_service(strict, service, operation, arguments, code, said):
    error = refusal(getattr(strict.role().client(service), operation), **arguments)
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert words(error)[0] == code
    assert said in words(error)[1]


def test_role_is_passed_only_where_pass_role_allows_it(strict):
    role = f"arn:aws:iam::{ACCOUNT}:role/job"
    model = {"ModelName": "passed", "PrimaryContainer": {"Image": "i:1"}, "ExecutionRoleArn": role}
    creates = allow("sagemaker:CreateModel", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/passed")
    error = refusal(strict.role(creates).client("sagemaker").create_model, **model)
    assert f"iam:PassRole on resource: {role} because no identity-based policy" in words(error)[1]
    to_lambda = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    wrong = strict.role(creates, allow("iam:PassRole", role, Condition=to_lambda))
    assert "iam:PassRole" in words(refusal(wrong.client("sagemaker").create_model, **model))[1]


@pytest.mark.parametrize(
    ("isolated", "key", "denied"), [(True, "arn:aws:kms:::key/1", False), (False, "k", True), (True, None, True)]
)
def test_job_that_a_condition_forbids_is_refused(strict, isolated, key, denied):
    open_network = {"BoolIfExists": {"sagemaker:NetworkIsolation": "false"}}
    plain_output = {"Null": {"sagemaker:OutputKmsKey": "true"}}
    caller = strict.role(
        allow(["sagemaker:*", "iam:PassRole"]),
        deny("sagemaker:CreateTrainingJob", Condition=open_network),
        deny("sagemaker:CreateTrainingJob", Condition=plain_output),
    )
    job = {
        "TrainingJobName": "forbidden",
        "AlgorithmSpecification": {"TrainingImage": "i:1", "TrainingInputMode": "File"},
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/job",
        "OutputDataConfig": {"S3OutputPath": "s3://b/o"} | ({"KmsKeyId": key} if key else {}),
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "EnableNetworkIsolation": isolated,
    }
    error = refusal(caller.client("sagemaker").create_training_job, **job)
    assert ("explicit deny in an identity-based policy" in words(error)[1]) == denied


def test_condition_key_that_aws_does_not_have_is_an_error(strict):
    odd = deny("ssm:GetParameter", Condition={"StringEquals": {"ssm:Colour": "red"}})
    error = refusal(strict.role(allow("ssm:*"), odd).client("ssm").get_parameter, Name="a")
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "condition key ssm:Colour: AWS has no such key" in words(error)[1]


def test_what_a_role_used_and_was_refused_is_logged(strict):
    caller = strict.role(allow("ssm:DescribeParameters", Sid="Look"))
    caller.client("ssm").describe_parameters()
    refusal(caller.client("s3").list_buckets)
    used, refused = [entry for entry in strict.decisions() if entry["role"] == caller.role.rpartition("/")[2]]
    assert (used["action"], used["statement"], used["allowed"]) == ("ssm:DescribeParameters", "Look", True)
    assert (refused["action"], refused["allowed"]) == ("s3:ListAllMyBuckets", False)


def test_transaction_needs_the_actions_of_its_parts(strict):
    part = {"TableName": "state", "Item": {"key": {"S": "1"}}}
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/state"
    items = [{"Put": part}, {"Delete": {"TableName": "state", "Key": {"key": {"S": "2"}}}}]
    caller = strict.role(allow("dynamodb:PutItem", table))
    error = refusal(caller.client("dynamodb").transact_write_items, TransactItems=items)
    assert f"dynamodb:DeleteItem on resource: {table} because" in words(error)[1]


def test_git_is_spoken_only_with_permission(strict):
    strict.client("codecommit").create_repository(repositoryName="code")
    arn = f"arn:aws:codecommit:{REGION}:{ACCOUNT}:code"
    may_pull, stranger = strict.role(allow("codecommit:GitPull", arn)), strict.role()
    assert remote(strict, may_pull).returncode == 0
    refused = remote(strict, stranger)
    assert refused.returncode != 0 and "403" in refused.stderr
    assert remote(strict, may_pull, "git-receive-pack").returncode != 0


def remote(strict, caller, service="git-upload-pack"):
    """Ask a repository for its references, as git does before it pulls or pushes."""
    user = f"{caller.credentials['AccessKeyId']}%{caller.credentials['SessionToken']}"
    url = f"{strict.aws.url}/v1/repos/{REGION}/code/info/refs?service={service}"
    command = ["curl", "--silent", "--show-error", "--fail", "--user", f"{user}:signature", url]
    return subprocess.run(command, capture_output=True, text=True, errors="replace")
