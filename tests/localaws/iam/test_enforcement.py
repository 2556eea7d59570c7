"""Requests of roles, users and the administrator, as programs send them: allowed, refused, and in whose words."""

import subprocess

import pytest

from tests.localaws.conftest import ACCOUNT, REGION
from tests.localaws.iam.conftest import allow, deny, document, refusal


def words(error):
    return error.response["Error"]["Code"], error.response["Error"]["Message"]


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


def test_deny_in_a_bucket_policy_stops_the_administrator_too(strict):
    bucket = strict.bucket()
    statement = deny("s3:DeleteBucket", f"arn:aws:s3:::{bucket}", Principal="*")
    strict.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(statement))
    error = refusal(strict.client("s3").delete_bucket, Bucket=bucket)
    assert words(error)[1].endswith("with an explicit deny in a resource-based policy")


def test_bucket_policy_that_wants_tls_is_met(strict):
    bucket = strict.bucket()
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    old = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statements = [deny("s3:*", resources, Principal="*", Condition=condition) for condition in (plain, old)]
    strict.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(*statements))
    strict.client("s3").put_object(Bucket=bucket, Key="a", Body=b"1")
    assert strict.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_object_that_is_missing_is_told_only_to_those_who_may_list(strict):
    bucket = strict.bucket()
    reads = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    error = refusal(strict.role(reads).client("s3").get_object, Bucket=bucket, Key="none")
    assert "s3:ListBucket" in words(error)[1]
    lists = allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    assert (
        words(refusal(strict.role(reads, lists).client("s3").get_object, Bucket=bucket, Key="none"))[0] == "NoSuchKey"
    )


def test_listing_is_limited_to_a_prefix_by_a_condition(strict):
    bucket = strict.bucket()
    only = {"StringLike": {"s3:prefix": "in/*"}}
    s3 = strict.role(allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition=only)).client("s3")
    s3.list_objects_v2(Bucket=bucket, Prefix="in/2026")
    assert words(refusal(s3.list_objects_v2, Bucket=bucket))[0] == "AccessDenied"


def test_several_objects_are_deleted_only_if_each_may_be(strict):
    bucket = strict.bucket()
    s3 = strict.role(allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/mine/*")).client("s3")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "mine/1"}, {"Key": "mine/2"}]})
    error = refusal(s3.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": "mine/1"}, {"Key": "yours"}]})
    assert f'"arn:aws:s3:::{bucket}/yours"' in words(error)[1]


def test_copy_needs_to_read_its_source(strict):
    source, target = strict.bucket(), strict.bucket()
    strict.client("s3").put_object(Bucket=source, Key="a", Body=b"1")
    writes = allow("s3:PutObject", f"arn:aws:s3:::{target}/*")
    copy = {"Bucket": target, "Key": "b", "CopySource": {"Bucket": source, "Key": "a"}}
    assert "s3:GetObject on" in words(refusal(strict.role(writes).client("s3").copy_object, **copy))[1]
    reads = allow("s3:GetObject", f"arn:aws:s3:::{source}/*")
    strict.role(writes, reads).client("s3").copy_object(**copy)


def encrypted_bucket(strict):
    key = strict.client("kms").create_key()["KeyMetadata"]["Arn"]
    bucket = strict.bucket()
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    strict.client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    return bucket, key


def test_object_under_a_key_needs_the_key_through_s3(strict):
    bucket, key = encrypted_bucket(strict)
    objects = allow(["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{bucket}/*")
    error = refusal(strict.role(objects).client("s3").put_object, Bucket=bucket, Key="a", Body=b"1")
    assert f"kms:GenerateDataKey on resource: {key} because no identity-based policy" in words(error)[1]
    through = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
    closes = allow("kms:GenerateDataKey", key, Condition=through)
    strict.role(objects, closes).client("s3").put_object(Bucket=bucket, Key="a", Body=b"1")
    assert (
        "kms:Decrypt" in words(refusal(strict.role(objects, closes).client("s3").get_object, Bucket=bucket, Key="a"))[1]
    )
    elsewhere = {"StringEquals": {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}}
    wrong = strict.role(objects, allow("kms:Decrypt", key, Condition=elsewhere))
    assert "kms:Decrypt" in words(refusal(wrong.client("s3").get_object, Bucket=bucket, Key="a"))[1]
    right = strict.role(objects, allow("kms:Decrypt", key, Condition=through))
    assert right.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_key_policy_without_the_account_locks_everybody_else_out(strict):
    bucket, key = encrypted_bucket(strict)
    only = {"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "kms:*", "Resource": "*"}
    own = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/embedded-aws"},
        "Action": "kms:*",
        "Resource": "*",
    }
    strict.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=document(only, own))
    caller = strict.role(allow("s3:*"), allow("kms:*"))
    error = refusal(caller.client("s3").put_object, Bucket=bucket, Key="a", Body=b"1")
    assert words(error)[1].endswith("because no resource-based policy allows the kms:GenerateDataKey action")


@pytest.mark.parametrize(
    ("constraint", "shown", "allowed"),
    [
        ({}, {}, True),
        ({"EncryptionContextSubset": {"stage": "prod"}}, {"stage": "prod", "run": "1"}, True),
        ({"EncryptionContextSubset": {"stage": "prod"}}, {"stage": "staging"}, False),
        ({"EncryptionContextEquals": {"stage": "prod"}}, {"stage": "prod"}, True),
        ({"EncryptionContextEquals": {"stage": "prod"}}, {"stage": "prod", "run": "1"}, False),
    ],
)
def test_grant_lets_its_grantee_use_the_key_until_it_is_revoked(strict, constraint, shown, allowed):
    kms, caller = strict.client("kms"), strict.role()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    grant = kms.create_grant(KeyId=key, GranteePrincipal=caller.role, Operations=["Encrypt"], Constraints=constraint)
    request = {"KeyId": key, "Plaintext": b"secret", "EncryptionContext": shown}
    if allowed:
        blob = caller.client("kms").encrypt(**request)["CiphertextBlob"]
        assert "kms:Decrypt" in words(refusal(caller.client("kms").decrypt, CiphertextBlob=blob, KeyId=key))[1]
        kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    assert "not authorized to perform: kms:Encrypt" in words(refusal(caller.client("kms").encrypt, **request))[1]


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


def test_boundary_limits_a_role(strict):
    arn = strict.client("iam").create_policy(PolicyName="boundary", PolicyDocument=document(allow("s3:*")))["Policy"][
        "Arn"
    ]
    caller = strict.role(allow("*"), PermissionsBoundary=arn)
    managed = strict.client("iam")
    managed.attach_role_policy(
        RoleName=caller.role.rpartition("/")[2], PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
    )
    caller.client("s3").list_buckets()
    error = refusal(caller.client("ssm").describe_parameters)
    assert words(error)[1].endswith("because no permissions boundary allows the ssm:DescribeParameters action")


def test_session_policy_limits_a_session(strict):
    caller = strict.assume(strict.role(allow("*")).role, Policy=document(allow("s3:ListAllMyBuckets")))
    caller.client("s3").list_buckets()
    assert "because no session policy allows" in words(refusal(caller.client("ssm").describe_parameters))[1]


def test_role_is_assumed_only_by_whom_it_trusts(strict):
    name = "for-services"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = strict.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    caller = strict.role(allow("sts:AssumeRole"))
    error = refusal(caller.client("sts").assume_role, RoleArn=role, RoleSessionName="test")
    assert words(error)[1].endswith("because no resource-based policy allows the sts:AssumeRole action")


def test_session_token_of_somebody_else_is_refused(strict):
    caller = strict.role(allow("s3:*"))
    caller.credentials |= {"SessionToken": "another"}
    assert words(refusal(caller.client("ssm").describe_parameters))[0] == "UnrecognizedClientException"


def test_user_acts_with_the_policies_of_user_and_group(strict):
    iam = strict.client("iam")
    iam.create_user(UserName="maria")
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=document(allow("ssm:DescribeParameters")))
    iam.add_user_to_group(UserName="maria", GroupName="readers")
    key = iam.create_access_key(UserName="maria")["AccessKey"]
    caller = type(strict.role())(strict.aws.url, "", {**key, "SessionToken": None})
    caller.client("ssm").describe_parameters()
    assert f"User: arn:aws:iam::{ACCOUNT}:user/maria is not" in words(refusal(caller.client("s3").list_buckets))[1]


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


def test_messages_under_a_key_need_the_key(strict):
    key = strict.client("kms").create_key()["KeyMetadata"]["Arn"]
    url = strict.client("sqs").create_queue(QueueName="sealed", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    sends = allow("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:sealed")
    error = refusal(strict.role(sends).client("sqs").send_message, QueueUrl=url, MessageBody="m")
    assert f"kms:GenerateDataKey on resource: {key}" in words(error)[1]
    through = {"StringEquals": {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}}
    opens = allow(["kms:Decrypt", "kms:GenerateDataKey"], key, Condition=through)
    strict.role(sends, opens).client("sqs").send_message(QueueUrl=url, MessageBody="m")
