"""What the embedded AWS holds outlives it: after `down` and `up` all is there, and what ran has ended honestly."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import embedded, process, schedules
from tests.localaws.bundles import new_bucket
from tests.localaws.conftest import REGION, Aws, Restarted, wait_for
from tests.localaws.functions import call, new_function
from tests.localaws.processes import runs


def items(aws: Aws) -> dict[str, Any]:
    """Return what is read back of each service."""
    s3, sqs = aws.client("s3"), aws.client("sqs")
    found: dict[str, Any] = {"small": s3.get_object(Bucket="wages", Key="small")["Body"].read()}
    found["large"] = s3.get_object(Bucket="wages", Key="large")["Body"].read()
    found["versions"] = len(s3.list_object_versions(Bucket="wages", Prefix="small")["Versions"])
    found["parameter"] = aws.client("ssm").get_parameter(Name="/wages", WithDecryption=True)["Parameter"]["Value"]
    key = {"id": {"S": "one"}}
    found["item"] = aws.client("dynamodb").get_item(TableName="wages", Key=key)["Item"]
    found["queue"] = sqs.get_queue_url(QueueName="wages")["QueueUrl"]
    found["groups"] = aws.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    template = aws.client("codecommit").get_approval_rule_template(approvalRuleTemplateName="wages")
    found["template"] = template["approvalRuleTemplate"]["approvalRuleTemplateId"]
    found["key"] = aws.client("kms").describe_key(KeyId="alias/wages")["KeyMetadata"]["KeyId"]
    return found


def fill(aws: Aws) -> None:
    s3, dynamodb, kms = aws.client("s3"), aws.client("dynamodb"), aws.client("kms")
    s3.create_bucket(Bucket="wages", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="wages", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", b"second"):
        s3.put_object(Bucket="wages", Key="small", Body=body)
    s3.put_object(Bucket="wages", Key="large", Body=os.urandom(3_000_000))
    aws.client("ssm").put_parameter(Name="/wages", Value="secret", Type="SecureString")
    dynamodb.create_table(
        TableName="wages",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="wages", Item={"id": {"S": "one"}, "n": {"N": "1"}})
    queue = aws.client("sqs").create_queue(QueueName="wages")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName="wages")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    content = json.dumps({"Version": "2018-11-08", "Statements": [{"Type": "Approvers", "NumberOfApprovalsNeeded": 1}]})
    aws.client("codecommit").create_approval_rule_template(
        approvalRuleTemplateName="wages", approvalRuleTemplateContent=content
    )
    kms.create_alias(AliasName="alias/wages", TargetKeyId=key)
    kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")  # its private key is no plain Python


def test_everything_is_there_after_down_and_up(world: Restarted) -> None:
    fill(world.aws)
    function = new_function(world.aws)
    cipher = world.aws.client("kms").encrypt(KeyId="alias/wages", Plaintext=b"sealed")["CiphertextBlob"]
    before = items(world.aws)
    after = world.restart()
    assert items(after) == before
    received = after.client("sqs").receive_message(QueueUrl=before["queue"])["Messages"]
    assert [message["Body"] for message in received] == ["hello"]
    assert after.client("kms").decrypt(CiphertextBlob=cipher)["Plaintext"] == b"sealed"
    assert call(after, function, {"n": 1})[1]["name"] == function


@pytest.mark.slow
def test_killed_server_goes_on_from_its_last_snapshot(world: Restarted) -> None:
    ssm = world.aws.client("ssm")
    ssm.put_parameter(Name="/before", Value="1", Type="String")
    assert embedded.ask(world.aws.url, "snapshot", "POST", {}) == {"written": True}
    ssm.put_parameter(Name="/after", Value="1", Type="String")
    server = process.running(world.home)
    os.kill(server.pid, signal.SIGKILL)
    assert wait_for(lambda: not runs(server.pid))
    world.up()
    names = [parameter["Name"] for parameter in world.aws.client("ssm").describe_parameters()["Parameters"]]
    assert names == ["/before"]


@pytest.mark.slow
def test_clock_keeps_how_far_it_is_ahead(world: Restarted) -> None:
    embedded.ask(world.aws.url, "clock", "POST", {"advance": "2h", "rate": 2})
    ahead = embedded.ask(world.restart().url, "clock")
    assert 7200 <= ahead["ahead_seconds"] < 7260
    assert ahead["rate"] == 1


@pytest.mark.slow
def test_files_of_deleted_objects_go_with_the_next_snapshot(world: Restarted) -> None:
    s3 = world.aws.client("s3")
    bucket = new_bucket(world.aws)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    for number in range(3):
        s3.put_object(Bucket=bucket, Key="large", Body=bytes(1_000_000 + number))
    files = world.home / "objects"
    assert len(list(files.iterdir())) == 3  # the last snapshot might name them
    embedded.ask(world.aws.url, "snapshot", "POST", {})
    assert [file.stat().st_size for file in files.iterdir()] == [1_000_002]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"rubbish", "is no snapshot"),
        (b'{"moto": "4.0.0"}\nrest', "was made by moto 4.0.0, and this is"),
    ],
)
def test_snapshot_that_cannot_be_used_is_refused_with_the_way_out(tmp_path: Path, content: bytes, why: str) -> None:
    home = tmp_path / "local"
    home.mkdir()
    (home / "snapshot").write_bytes(content)
    with pytest.raises(MlopsError, match=f"{why}.*mlops local up --fresh"):
        process.up(home, REGION)


def test_snapshot_with_a_broken_end_is_refused(world: Restarted) -> None:
    world.aws.client("ssm").put_parameter(Name="/wages", Value="1", Type="String")
    process.down(world.home)
    file = world.home / "snapshot"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(MlopsError, match="cannot be read"):
        process.up(world.home, REGION)
    process.reset(world.home)
    assert not world.home.exists()


def test_times_that_passed_while_it_was_down_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    fired: list[float] = []
    now = schedules.clock.time()
    monkeypatch.setattr(schedules.clock, "resumed", lambda: now)
    monkeypatch.setattr(schedules.clock, "at", lambda moment, action: None)
    each_minute = schedules.Recurrence(schedules.Expression("rate(1 minute)"), fired.append, lambda: True)
    once = schedules.Recurrence(schedules.Expression("at(2020-01-01T00:00:00)"), fired.append, lambda: True)
    each_minute._due(now - 600)
    once._due(now - 600)
    each_minute._due(now + 60)
    assert fired == [now - 600, now + 60]  # the single one is late
