"""CodeBuild through boto3: projects as documents, builds as real processes with a real log."""

import io
import json
import uuid
import zipfile

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import ACCOUNT, REGION, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/build"
ENVIRONMENT = {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"}


@pytest.fixture
def name():
    return f"b-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def create(aws, name):
    """Return a function that creates a project with an inline buildspec, or with other source settings."""

    def project(buildspec="", **more):
        source = more.pop("source", {"type": "NO_SOURCE", "buildspec": buildspec})
        settings = {"artifacts": {"type": "NO_ARTIFACTS"}, "environment": ENVIRONMENT, "serviceRole": ROLE} | more
        return aws.client("codebuild").create_project(name=name, source=source, **settings)["project"]

    return project


@pytest.fixture
def build(aws, name, create):
    """Return a function that runs a buildspec to its end and returns the build and its log."""

    def run(buildspec, start=None, **project):
        create(buildspec, **project)
        codebuild = aws.client("codebuild")
        started = codebuild.start_build(projectName=name, **(start or {}))["build"]["id"]
        ended = wait_for(lambda: complete(codebuild, started))
        return ended, log(aws, ended)

    return run


def complete(codebuild, build_id):
    """Return a build if it has ended."""
    return next((b for b in codebuild.batch_get_builds(ids=[build_id])["builds"] if b["buildComplete"]), None)


def log(aws, build):
    place = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
    return [e["message"] for e in aws.client("logs").get_log_events(**place, startFromHead=True)["events"]]


def printed(lines):
    return [line for line in lines if not line.startswith("[Container]")]


def phases(build):
    return {phase["phaseType"]: phase.get("phaseStatus") for phase in build["phases"]}


def spec(**phases):
    return json.dumps({"version": 0.2, "phases": phases}, indent=1)


def test_commands_share_one_shell(build):
    ended, lines = build(
        """
version: 0.2
env: {variables: {KIND: text, FLAG: true}, exported-variables: [COLOUR, MISSING]}
phases:
  install: {commands: ["printf 'COLOUR=blue\\n' > set.env", ". ./set.env", "mkdir deep && cd deep"]}
  build: {commands: ["echo $COLOUR $KIND $FLAG", "basename $PWD", "say() { echo said; }", say]}
"""
    )
    assert printed(lines) == ["blue text true", "deep", "said"]
    assert ended["buildStatus"] == "SUCCEEDED"
    assert ended["exportedEnvironmentVariables"] == [{"name": "COLOUR", "value": "blue"}]


def test_failed_build_runs_post_build_and_says_which_command_failed(aws, build):
    post = {"commands": ["echo succeeding=$CODEBUILD_BUILD_SUCCEEDING"]}
    ended, lines = build(spec(build={"commands": ["false", "echo never"], "finally": ["echo last"]}, post_build=post))
    assert printed(lines) == ["last", "succeeding=0"]
    assert ended["buildStatus"] == "FAILED"
    failed = next(phase for phase in ended["phases"] if phase["phaseType"] == "BUILD")
    assert failed["phaseStatus"] == "FAILED"
    assert failed["contexts"] == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": "Error while executing command: false. Reason: exit status 1",
        }
    ]


@pytest.mark.parametrize(
    ("phase", "on_failure", "goes_on"),
    [("install", "", False), ("install", "CONTINUE", True), ("build", "", True), ("build", "ABORT", False)],
)
def test_failed_phase_decides_whether_the_next_runs(build, phase, on_failure, goes_on):
    failing = {"commands": ["false"]} | ({"on-failure": on_failure} if on_failure else {})
    ended, lines = build(spec(**{phase: failing}, post_build={"commands": ["echo after"]}))
    assert (printed(lines) == ["after"]) is goes_on
    assert ended["buildStatus"] == "FAILED"


def test_exit_in_a_command_fails_the_build_but_not_what_follows(build):
    first = {
        "commands": ["export KEPT=yes", "mkdir here && cd here", "exit 3"],
        "finally": ["echo $KEPT $(basename $PWD)"],
    }
    ended, lines = build(spec(build=first))
    assert printed(lines) == ["yes here"]
    assert any("Reason: exit status 3" in line for line in lines)
    assert ended["buildStatus"] == "FAILED"


def test_output_without_a_newline_and_redirected_output_keep_the_build_in_step(build):
    ended, lines = build(spec(build={"commands": ["printf half", "exec > /dev/null", "echo lost", "echo seen >&2"]}))
    assert printed(lines) == ["half", "seen"]
    assert ended["buildStatus"] == "SUCCEEDED"


def test_build_has_the_variables_of_aws_and_no_others(build):
    ended, lines = build(spec(build={"commands": ["env", "docker --version || true"]}))
    seen = dict(line.split("=", 1) for line in printed(lines) if "=" in line)
    assert seen["CODEBUILD_BUILD_ID"] == ended["id"]
    assert seen["CODEBUILD_BUILD_NUMBER"] == "1"
    assert (seen["AWS_REGION"], seen["AWS_ACCESS_KEY_ID"]) == (REGION, "embedded-aws")
    assert seen["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert "PYTEST_CURRENT_TEST" not in seen


def test_variables_come_from_project_start_and_parameter_store(aws, build, name):
    aws.client("ssm").put_parameter(Name=f"/{name}/colour", Value="red", Type="SecureString")
    project = ENVIRONMENT | {
        "environmentVariables": [{"name": "A", "value": "project"}, {"name": "B", "value": "project"}]
    }
    start = {"environmentVariablesOverride": [{"name": "B", "value": "start"}]}
    buildspec = f"""
version: 0.2
env: {{variables: {{A: spec, C: spec}}, parameter-store: {{COLOUR: /{name}/colour}}}}
phases: {{build: {{commands: ["echo $A $B $C $COLOUR"]}}}}
"""
    _, lines = build(buildspec, start, environment=project)
    assert printed(lines) == ["project start spec red"]


def test_missing_parameter_is_named(build, name):
    buildspec = (
        f"version: 0.2\nenv: {{parameter-store: {{COLOUR: /{name}/none}}}}\nphases: {{build: {{commands: [env]}}}}"
    )
    ended, lines = build(buildspec)
    assert phases(ended)["DOWNLOAD_SOURCE"] == "FAILED"
    assert any(f"COLOUR: '/{name}/none' cannot be read" in line for line in lines)


@pytest.mark.parametrize(
    ("buildspec", "sentence"),
    [
        ("version: 0.1\nphases: {build: {commands: [env]}}", "version must be 0.2, got 0.1"),
        ("version: 0.2\nphases: {build: {commands: [{echo a: b}]}}", "put a command with a colon in quotes"),
        ("version: 0.2\nphases: {bulid: {commands: [env]}}", "does not execute bulid in phases"),
        ("version: 0.2\nphases: [\n", "is not YAML"),
        ("version: 0.2\nenv: {exported-variables: [A-B]}\nphases: {build: {}}", "must be names such as IMAGE_URI"),
    ],
)
def test_wrong_buildspec_ends_the_build_with_a_sentence(build, buildspec, sentence):
    ended, _ = build(buildspec)
    context = next(phase for phase in ended["phases"] if phase["phaseType"] == "DOWNLOAD_SOURCE")["contexts"][0]
    assert context["statusCode"] == "YAML_FILE_ERROR"
    assert sentence in context["message"]


def test_stop_ends_the_command_and_its_children(aws, create, name):
    create(spec(build={"commands": ["sleep 100 & sleep 100"]}, post_build={"commands": ["echo never"]}))
    codebuild = aws.client("codebuild")
    started = codebuild.start_build(projectName=name)["build"]
    assert wait_for(lambda: codebuild.batch_get_builds(ids=[started["id"]])["builds"][0]["currentPhase"] == "BUILD")
    stopped = codebuild.stop_build(id=started["id"])["build"]
    assert stopped["buildStatus"] == "STOPPED"
    assert printed(log(aws, stopped)) == []
    assert stopped["endTime"] >= stopped["startTime"]


def test_second_build_over_the_limit_is_refused(aws, create, name):
    create(spec(build={"commands": ["sleep 100"]}), concurrentBuildLimit=1)
    codebuild = aws.client("codebuild")
    first = codebuild.start_build(projectName=name)["build"]["id"]
    with pytest.raises(ClientError) as refused:
        codebuild.start_build(projectName=name)
    assert refused.value.response["Error"]["Code"] == "AccountLimitExceededException"
    codebuild.stop_build(id=first)
    assert codebuild.list_builds_for_project(projectName=name)["ids"] == [first]


def test_junit_reports_are_counted(aws, build):
    cases = '<testcase name="a" time="0.5"/><testcase name="b"><failure/></testcase>'
    write = f"mkdir reports && echo '<testsuites><testsuite>{cases}</testsuite></testsuites>' > reports/tests.xml"
    buildspec = json.dumps(
        {
            "version": 0.2,
            "phases": {"build": {"commands": [write, "false"]}},
            "reports": {"tests": {"files": ["reports/*.xml"]}},
        },
        indent=1,
    )
    ended, lines = build(buildspec)
    report = aws.client("codebuild").batch_get_reports(reportArns=ended["reportArns"])["reports"][0]
    assert report["testSummary"]["statusCounts"] == {"SUCCEEDED": 1, "FAILED": 1}
    assert any(line.endswith("Report tests: 2 tests, 1 failed, 1 succeeded") for line in lines)


def test_source_is_a_zip_in_s3(aws, build, name):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("specs/ci.yml", spec(build={"commands": ["cat specs/ci.yml | wc -l"]}))
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("s3").put_object(Bucket=name, Key="source.zip", Body=archive.getvalue())
    source = {"type": "S3", "location": f"{name}/source.zip", "buildspec": "specs/ci.yml"}
    ended, lines = build("", source=source)
    assert ended["buildStatus"] == "SUCCEEDED", lines


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


def test_unknown_operation_is_answered_501(aws):
    with pytest.raises(ClientError) as refused:
        aws.client("codebuild").list_report_groups()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
