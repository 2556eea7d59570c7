"""Projects as documents, and builds from their start to their end."""

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError

from tests.localaws.codebuild.conftest import ROLE, complete, log, printed, spec
from tests.localaws.conftest import ACCOUNT, REGION, wait_for


def test_project_is_described_as_created_updated_and_deleted(aws, create, name):
    pipeline = {"type": "CODEPIPELINE"}
    create(
        source=pipeline | {"buildspec": "buildspecs/check.yml"}, artifacts=pipeline, tags=[{"key": "a", "value": "1"}]
    )
    codebuild = aws.client("codebuild")
    codebuild.update_project(name=name, description="other", timeoutInMinutes=5, tags=[{"key": "a", "value": "2"}])
    answer = codebuild.batch_get_projects(names=[name, "none"])
    project = answer["projects"][0]
    assert answer["projectsNotFound"] == ["none"]
    assert (project["description"], project["timeoutInMinutes"]) == ("other", 5)
    assert project["tags"] == [{"key": "a", "value": "2"}]
    assert project["source"]["buildspec"] == "buildspecs/check.yml"
    assert name in codebuild.list_projects()["projects"]
    with pytest.raises(ClientError, match="start the pipeline"):
        codebuild.start_build(projectName=name)
    codebuild.delete_project(name=name)
    assert codebuild.batch_get_projects(names=[name])["projects"] == []


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        ({"imageOverride": "python"}, "does not implement StartBuild with imageOverride"),
        ({"timeoutInMinutesOverride": 5}, "does not implement StartBuild with timeoutInMinutesOverride"),
    ],
)
def test_override_that_is_not_emulated_is_answered_501(aws, create, name, start, sentence):
    create(spec(build={"commands": ["env"]}))
    with pytest.raises(ClientError, match=sentence) as refused:
        aws.client("codebuild").start_build(projectName=name, **start)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_unknown_operation_is_answered_501(aws):
    with pytest.raises(ClientError) as refused:
        aws.client("codebuild").list_report_groups()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_second_build_over_the_limit_is_refused(aws, create, name):
    create(spec(build={"commands": ["sleep 100"]}), concurrentBuildLimit=1)
    codebuild = aws.client("codebuild")
    first = codebuild.start_build(projectName=name)["build"]["id"]
    with pytest.raises(ClientError) as refused:
        codebuild.start_build(projectName=name)
    assert refused.value.response["Error"]["Code"] == "AccountLimitExceededException"
    codebuild.stop_build(id=first)
    assert codebuild.list_builds_for_project(projectName=name)["ids"] == [first]


def test_stop_ends_the_command_and_its_children(aws, create, name):
    create(spec(build={"commands": ["sleep 100 & sleep 100"]}, post_build={"commands": ["echo never"]}))
    codebuild = aws.client("codebuild")
    started = codebuild.start_build(projectName=name)["build"]
    assert wait_for(lambda: codebuild.batch_get_builds(ids=[started["id"]])["builds"][0]["currentPhase"] == "BUILD")
    stopped = codebuild.stop_build(id=started["id"])["build"]
    assert stopped["buildStatus"] == "STOPPED"
    assert printed(log(aws, stopped)) == []
    assert stopped["endTime"] >= stopped["startTime"]


def test_state_changes_reach_eventbridge(aws, build, name):
    queue = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    pattern = {"source": ["aws.codebuild"], "detail": {"project-name": [name]}}
    aws.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    aws.client("events").put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    build(spec(build={"commands": ["true"]}))
    seen = []

    def statuses():
        messages = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        seen.extend(json.loads(message["Body"])["detail"]["build-status"] for message in messages)
        return len(seen) == 2

    assert wait_for(statuses)
    assert sorted(seen) == ["IN_PROGRESS", "SUCCEEDED"]


def test_source_is_a_zip_in_s3(aws, build, name):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("specs/ci.yml", spec(build={"commands": ["cat specs/ci.yml | wc -l"]}))
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("s3").put_object(Bucket=name, Key="source.zip", Body=archive.getvalue())
    source = {"type": "S3", "location": f"{name}/source.zip", "buildspec": "specs/ci.yml"}
    ended, lines = build("", source=source)
    assert ended["buildStatus"] == "SUCCEEDED", lines


def test_rule_starts_a_build_with_variables_of_its_input(aws, create, name):
    arn = create(spec(build={"commands": ["echo because of $REASON"]}))["arn"]
    events, codebuild = aws.client("events"), aws.client("codebuild")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    given = {"environmentVariablesOverride": [{"name": "REASON", "value": "drift"}]}
    events.put_targets(Rule=name, Targets=[{"Id": "b", "Arn": arn, "RoleArn": ROLE, "Input": json.dumps(given)}])
    events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": "{}"}])
    (started,) = wait_for(lambda: codebuild.list_builds_for_project(projectName=name)["ids"])
    assert printed(log(aws, wait_for(lambda: complete(codebuild, started)))) == ["because of drift"]
    events.remove_targets(Rule=name, Ids=["b"])
    events.delete_rule(Name=name)
