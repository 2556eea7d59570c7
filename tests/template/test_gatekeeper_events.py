"""The gatekeeper's real code behind real deliveries: S3, rules, queue, schedule and pipeline of an embedded AWS.

The pipeline trains nothing, it waits for a person: so a test decides when a run is over. Whole trainings are in
tests/loop/test_continuous_training.py.
"""

import json
import runpy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.localaws import embedded
from tests.localaws.conftest import ACCOUNT, REGION, Aws, serve, wait_for
from tests.localaws.pipelines import Pipeline, approval, commits, declaration
from tests.localaws.repositories import WorkingCopy

pytestmark = pytest.mark.xdist_group("gatekeeper")  # one worker, one embedded AWS

TEMPLATE = scaffold.template() / "{{cookiecutter.project_slug}}"
RETRAIN = TEMPLATE / "functions" / "retrain"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
NAME, BUCKET, ROLE = "wages-retrain", "wages-data", f"arn:aws:iam::{ACCOUNT}:role/any"
VARIABLES = [{"name": name, "defaultValue": "none"} for name in ("REASON", "DATA_VERSION", "REQUESTED_BY")]
SETTINGS = {
    "TABLE": NAME,
    "PIPELINE": "wages-train",
    "LIVE_PARAMETER": "/wages/prod/live",
    "ARRIVAL": "quiet-period",
    "QUIET_SECONDS": "60",
    "COOL_DOWN_SECONDS": "0",
    "DAILY_CAP": "20",
    "RUN_LIMIT_SECONDS": "864000",
    "METRIC_NAMESPACE": "MLOps/wages",
}


class Project:
    """What module `retraining` declares around the function, made by hand."""

    def __init__(self, aws: Aws, pipeline: Pipeline) -> None:
        self.aws, self.pipeline = aws, pipeline
        self.s3, self.sqs, self.function = aws.client("s3"), aws.client("sqs"), aws.client("lambda")
        self.bucket()
        aws.client("dynamodb").create_table(
            TableName=NAME,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        self.dead = self.queue(f"{NAME}-failed", {})
        redrive = {"deadLetterTargetArn": arn(f"{NAME}-failed"), "maxReceiveCount": 5}
        self.url = self.queue(NAME, {"VisibilityTimeout": "180", "RedrivePolicy": json.dumps(redrive)})
        self.gatekeeper()
        self.events()

    def bucket(self) -> None:
        place = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        told = {"EventBridgeConfiguration": {}}
        self.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=told)

    def queue(self, name: str, attributes: dict[str, str]) -> str:
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def gatekeeper(self) -> None:
        role = self.aws.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        self.function.create_function(
            FunctionName=NAME,
            Runtime="python3.12",
            Role=role,
            Handler="retrain.handler.handler",
            Timeout=30,
            Environment={"Variables": SETTINGS},
            Code={"ZipFile": runpy.run_path(str(TEMPLATE / "pipelines/functions.py"))["packed"](RETRAIN)},
        )
        self.function.create_event_source_mapping(
            FunctionName=NAME,
            EventSourceArn=arn(NAME),
            BatchSize=90,
            MaximumBatchingWindowInSeconds=1,
            ScalingConfig={"MaximumConcurrency": 2},
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )

    def events(self) -> None:
        data = {"bucket": {"name": [BUCKET]}, "object": {"key": [{"prefix": "raw/"}]}}
        self.rule("data", {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": data})
        ended = {"pipeline": ["wages-train"], "state": ["SUCCEEDED", "FAILED", "STOPPED"]}
        kind = "CodePipeline Pipeline Execution State Change"
        self.rule("ended", {"source": ["aws.codepipeline"], "detail-type": [kind], "detail": ended})
        self.aws.client("scheduler").create_schedule(
            Name=f"{NAME}-tick",
            ScheduleExpression="rate(1 minute)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn(NAME), "RoleArn": ROLE, "Input": '{"reason": "tick"}'},
        )

    def rule(self, name: str, pattern: dict[str, Any]) -> None:
        rules = self.aws.client("events")
        rules.put_rule(Name=f"{NAME}-{name}", EventPattern=json.dumps(pattern))
        rules.put_targets(Rule=f"{NAME}-{name}", Targets=[{"Id": "queue", "Arn": arn(NAME)}])

    def storm(self, batch: str, count: int) -> None:
        """Upload objects at once, and deliver the event of each a second time."""
        with ThreadPoolExecutor(8) as pool:
            list(
                pool.map(
                    lambda n: self.s3.put_object(Bucket=BUCKET, Key=f"raw/{batch}/{n}.csv", Body=b"1"), range(count)
                )
            )
        found = self.s3.list_object_versions(Bucket=BUCKET, Prefix=f"raw/{batch}/")["Versions"]
        for start in range(0, count, 10):
            bodies = [repeated(version) for version in found[start : start + 10]]
            self.sqs.send_message_batch(
                QueueUrl=self.url,
                Entries=[{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)],
            )

    def state(self) -> dict[str, Any]:
        answer = self.function.invoke(FunctionName=NAME, Payload='{"action": "status"}')
        return json.loads(answer["Payload"].read())

    def held(self) -> list[str]:
        """Return the executions that the gatekeeper knows to hold its lock."""
        return [run["execution"] for run in self.state()["runs"] if run["execution"]]

    def pending(self) -> list[int]:
        return [work["count"] for work in self.state()["pending"]]

    def messages(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(value) for value in found.values())

    def heard(self, count: int) -> None:
        """Wait until every event was handled: each object must have been counted once."""
        wait_for(lambda: self.messages(self.url) == 0 and sum(self.pending()) >= count, seconds=90)
        assert self.pending() == [count]

    def started(self, known: list[str], seconds: float = 60) -> str:
        """Let time go by until there is one run more, and return it."""

        def more() -> list[str]:
            embedded.ask(self.aws.url, "clock", "POST", {"advance": "70s"})
            return wait_for(lambda: [run for run in self.pipeline.executions() if run not in known], seconds=3)

        (run,) = wait_for(more, seconds)
        return run


def arn(queue: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"


def repeated(version: dict[str, Any], bucket: str = BUCKET) -> str:
    """Return the event of an object once more, as a message of the queue."""
    stored = {"key": version["Key"], "version-id": version["VersionId"], "etag": version["ETag"].strip('"')}
    detail = {"bucket": {"name": bucket}, "object": stored}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A gatekeeper with its surroundings on an embedded AWS whose clock these tests move; no run is under way."""
    folder = tmp_path_factory.mktemp("gatekeeper")
    with serve(folder) as aws:
        url = aws.client("codecommit").create_repository(repositoryName="wages")["repositoryMetadata"]["cloneUrlHttp"]
        (folder / "code").mkdir()
        WorkingCopy(folder / "code", url).push("first")
        pipeline = Pipeline(aws, declaration("wages-train", commits("wages"), approval(), variables=VARIABLES))
        pipeline.answer("Approved")
        pipeline.end(pipeline.first())
        yield Project(aws, pipeline)


def reason(project: Project, run: str) -> str:
    variables = project.pipeline.execution(run)["variables"]
    return next(variable["resolvedValue"] for variable in variables if variable["name"] == "REASON")


def test_storm_delivered_twice_makes_one_run_and_a_second_batch_one_more(project):
    known = project.pipeline.executions()
    project.storm("first", 200)
    project.heard(200)
    assert project.pipeline.executions() == known  # more may come
    first = project.started(known)
    project.storm("second", 20)
    project.heard(20)
    embedded.ask(project.aws.url, "clock", "POST", {"advance": "5m"})
    assert project.pipeline.executions() == [first, *known]
    project.pipeline.answer("Approved")
    second = project.started([first, *known])
    assert [reason(project, run).partition(" and ")[2] for run in (first, second)] == ["199 more", "19 more"]
    project.pipeline.answer("Approved")
    assert wait_for(lambda: not project.state()["runs"])
    assert (project.pending(), project.pipeline.executions()) == ([], [second, first, *known])


@pytest.mark.slow
def test_function_that_fails_twice_and_a_poisoned_message_lose_and_double_nothing(project):
    known = project.pipeline.executions()
    fault = {"what": "function-error", "name": NAME, "times": 2}
    embedded.ask(project.aws.url, "faults", "POST", fault)
    project.sqs.send_message(QueueUrl=project.url, MessageBody="this is no JSON")
    project.s3.put_object(Bucket=BUCKET, Key="raw/night/1.csv", Body=b"1")
    run = project.started(known, seconds=90)
    wait_for(
        lambda: embedded.ask(project.aws.url, "clock", "POST", {"advance": "3m"}) and project.messages(project.dead), 60
    )
    (left,) = project.sqs.receive_message(QueueUrl=project.dead, MaxNumberOfMessages=10)["Messages"]
    assert left["Body"] == "this is no JSON"
    assert project.pipeline.executions() == [run, *known]
    project.pipeline.answer("Approved")
    assert wait_for(lambda: not project.state()["runs"])
    assert (project.pending(), project.pipeline.executions()) == ([], [run, *known])


@pytest.mark.slow
def test_start_whose_answer_was_lost_is_one_run(project):
    known = project.pipeline.executions()
    fault = {"what": "codepipeline:StartPipelineExecution", "drop": "answer", "times": 9}
    number = embedded.ask(project.aws.url, "faults", "POST", fault)["id"]
    project.s3.put_object(Bucket=BUCKET, Key="raw/lost/1.csv", Body=b"1")
    project.started(known)
    embedded.ask(project.aws.url, "faults", "DELETE", {"id": number})
    wait_for(lambda: embedded.ask(project.aws.url, "clock", "POST", {"advance": "70s"}) and project.held(), 60)
    assert project.held() == [run for run in project.pipeline.executions() if run not in known]
