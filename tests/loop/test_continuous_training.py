"""New data retrains with nobody's hand on it, a storm of events makes one run, and a bad night loses nothing.

One project for all, whose gatekeeper waits for no cool-down; its embedded clock is moved where AWS would wait.
"""

import hashlib
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import pandas
import pytest

from cookiecutter_mlops import watch
from cookiecutter_mlops.loop import LoopProject
from tests.loop import permissions
from tests.loop.conftest import keep_few_tests, new_project
from tests.loop.test_loop import WORKER
from tests.template.test_gatekeeper_events import repeated

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),  # the first test waits for the project as well
    pytest.mark.xdist_group("continuous-training"),  # one worker, one project
]
TABLE = "salary-prediction-retrain"


class Continuous(LoopProject):
    """A project whose trainings start by themselves."""

    def set(self, **retraining: object) -> None:
        """Change how it retrains, and apply."""
        file = self.path / "terraform" / "terraform.auto.tfvars.json"
        settings = json.loads(file.read_text())
        settings["retraining"] |= retraining
        file.write_text(json.dumps(settings, indent=2) + "\n")
        self.mlops("apply")

    @cached_property
    def s3(self):
        return self.client("s3")

    def put(self, key: str, table: pandas.DataFrame) -> str:
        """Upload rows under raw/ and return their sum."""
        body = table.to_csv(index=False).encode()
        self.s3.put_object(Bucket=self.outputs["data_bucket"], Key=f"raw/{key}", Body=body)
        return hashlib.sha256(body).hexdigest()

    def trainings(self) -> list[str]:
        """Return the executions of the train pipeline, oldest first."""
        found = watch.executions(self.client("codepipeline"), self.outputs["train_pipeline"])
        return [execution["pipelineExecutionId"] for execution in reversed(found)]

    def next_training(self, known: list[str], step: str = "") -> str:
        """Wait for the first training that is not known; move the clock by `step` while it does not start."""
        deadline = time.monotonic() + 120
        while not (new := [execution for execution in self.trainings() if execution not in known]):
            assert time.monotonic() < deadline, self.decisions()
            if step:
                self.mlops("local", "clock", "--advance", step)
            time.sleep(2)
        return new[0]

    def end_of(self, execution: str) -> str:
        return watch.follow(self.client("codepipeline"), self.outputs["train_pipeline"], execution)

    def reason(self, execution: str) -> str:
        name = self.outputs["train_pipeline"]
        get = self.client("codepipeline").get_pipeline_execution
        described = get(pipelineName=name, pipelineExecutionId=execution)["pipelineExecution"]
        return next(v["resolvedValue"] for v in described["variables"] if v["name"] == "REASON")

    def jobs(self) -> list[str]:
        found = self.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
        return [job["TrainingJobName"] for job in found]

    def gatekeeper(self) -> dict:
        answer = self.client("lambda").invoke(FunctionName=TABLE, Payload='{"action": "status"}')
        return json.loads(answer["Payload"].read())

    def idle(self) -> dict:
        """Wait until nothing holds the lock any more: the pipeline's end is told by an event."""
        deadline = time.monotonic() + 60
        while (state := self.gatekeeper())["runs"] and time.monotonic() < deadline:
            time.sleep(0.5)
        return state

    def decisions(self) -> list[dict]:
        """Return the gatekeeper's decisions from its log."""
        events = self.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{TABLE}")["events"]
        lines = [event["message"] for event in events if event["message"].startswith("{")]
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def rows(salaries) -> pandas.DataFrame:
    return pandas.read_excel(salaries, engine="calamine")


@pytest.fixture(scope="module")
def project(salaries, rows, tmp_path_factory, request):
    """A project whose first model, of one row in forty, is in production."""
    folder = tmp_path_factory.mktemp("continuous")
    project = Continuous(new_project(folder, "stages=staging+prod", "--data", str(salaries), "--target", "wage"))
    rows[::40].to_csv(folder / "few.csv", index=False)
    toml = project.path / "project.toml"  # whether a model is good enough is another test's matter
    toml.write_text(re.sub("tolerance = .*", "tolerance = 0.2", toml.read_text()))
    project.run("git", "commit", "--quiet", "--all", "--message", "Let nearly every model pass")
    keep_few_tests(project)
    try:
        project.up()
        project.set(cool_down_minutes=0, daily_cap=50)
        project.mlops("data", "push", str(folder / "few.csv"))
        assert project.train() == "Succeeded", project.logs()
        assert released(project) == "Succeeded", project.logs()
        assert project.idle()["runs"] == []
        yield project
        permissions.check_after(request, project, "continuous_training")
    finally:
        project.down()


def released(project: Continuous) -> str:
    """Approve the release that waits for a person after staging, and return how it ended."""
    codepipeline, name = project.client("codepipeline"), project.outputs["release_pipeline"]
    deadline = time.monotonic() + 300
    while not waiting(codepipeline, name):
        assert time.monotonic() < deadline, project.logs()
        time.sleep(0.5)
    execution = waiting(codepipeline, name)[0]
    project.mlops("approve")
    return watch.follow(codepipeline, name, execution)


def waiting(codepipeline, name: str) -> list[str]:
    running = [e["pipelineExecutionId"] for e in watch.executions(codepipeline, name) if e["status"] == "InProgress"]
    return [e for e in running if any(a.stage == "Approve" for a in watch.actions(codepipeline, name, e))]


def test_new_data_trains_a_better_model_that_goes_live_after_one_approval(project, rows):
    known = project.trainings()
    answer = project.invoke_endpoint({"instances": [WORKER]})
    parts = {f"part-{part}.csv": project.put(f"march/part-{part}.csv", rows[part::2]) for part in range(2)}
    assert project.trainings() == known  # no manifest, no training
    manifest = json.dumps({"count": len(parts), "sha256": parts})
    project.s3.put_object(Bucket=project.outputs["data_bucket"], Key="raw/march/_SUCCESS", Body=manifest)
    execution = project.next_training(known)
    assert project.reason(execution) == "data raw/march/_SUCCESS"
    assert project.end_of(execution) == "Succeeded", project.logs()
    assert released(project) == "Succeeded", project.logs()
    assert project.trainings() == [*known, execution]
    package = project.packages()[0]
    after = package["CustomerMetadataProperties"]
    assert (after["compared_with"], float(after["improvement"]) > 0) == ("1", True)  # on the same rows
    assert after["reason"].startswith("data raw/march/")
    live = project.client("ssm").get_parameter(Name="/salary-prediction/prod/live")["Parameter"]["Value"]
    assert json.loads(live)["version"] == package["ModelPackageVersion"] == 2
    assert project.invoke_endpoint({"instances": [WORKER]}) != answer


def test_push_with_nothing_to_learn_rents_no_machine(project):
    known, jobs = project.packages(), project.jobs()
    (project.path / "README.md").write_text("# Wages\n")
    project.run("git", "commit", "--quiet", "--all", "--message", "Say it in one word")
    assert project.train() == "Succeeded", project.logs()
    assert project.jobs() == jobs
    assert len(project.packages()) == len(known)
    assert "nothing to learn" in project.mlops("local", "logs", "train").stdout
    assert project.decisions()[-1]["decision"] == "skip"


def storm(project: Continuous, rows: pandas.DataFrame, name: str, count: int) -> None:
    """Upload objects at once, and deliver the event of each a second time."""
    parts = [(f"{name}/part-{part:03}.csv", rows[part :: 10 * count]) for part in range(count)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda part: project.put(*part), parts))
    bucket, sqs = project.outputs["data_bucket"], project.client("sqs")
    pages = project.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=f"raw/{name}/")
    versions = [version for page in pages for version in page["Versions"]]
    assert len(versions) == count
    queue = sqs.get_queue_url(QueueName=TABLE)["QueueUrl"]
    for start in range(0, count, 10):
        again = [repeated(version, bucket) for version in versions[start : start + 10]]
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(again)]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)


def heard(project: Continuous, count: int) -> None:
    """Wait until the gatekeeper has counted all of a storm, and each object once."""
    deadline = time.monotonic() + 120
    while sum(work["count"] for work in project.gatekeeper()["pending"]) < count or backlog(project):
        assert time.monotonic() < deadline, project.gatekeeper()
        time.sleep(1)
    assert [work["count"] for work in project.gatekeeper()["pending"]] == [count]


def backlog(project: Continuous, queue: str = TABLE) -> int:
    """Return how many messages a queue holds, also those that are being handled."""
    sqs = project.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(value) for value in found.values())


def test_storm_of_events_delivered_twice_makes_one_run_and_a_second_batch_one_more(project, rows):
    project.set(arrival="quiet-period", quiet_minutes=1)
    known = project.trainings()
    storm(project, rows, "storm", 500)
    heard(project, 500)
    assert project.trainings() == known  # more may come
    first = project.next_training(known, step="1m")
    storm(project, rows, "more", 50)
    heard(project, 50)
    assert project.trainings() == [*known, first]
    assert project.end_of(first) == "Succeeded", project.logs()
    second = project.next_training([*known, first], step="1m")
    assert project.end_of(second) == "Succeeded", project.logs()
    assert project.reason(first).endswith(" and 499 more")
    assert project.reason(second).endswith(" and 49 more")
    assert project.idle()["pending"] == []
    project.mlops("local", "clock", "--advance", "5m")
    assert project.trainings() == [*known, first, second]
    versions = [p["CustomerMetadataProperties"]["data_version"] for p in project.packages()[:2]]
    assert len(set(versions)) == 2


def test_function_that_fails_a_poisoned_message_and_a_killed_waiter_lose_and_double_nothing(project, rows):
    known, jobs = project.trainings(), project.jobs()
    project.mlops("local", "fault", "add", "function-error", "--name", TABLE, "--times", "2")
    sqs = project.client("sqs")
    poison = "this is no JSON"
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=TABLE)["QueueUrl"], MessageBody=poison)
    project.put("night/part.csv", rows[7::50])
    execution = project.next_training(known, step="3m")
    killed = kill_the_waiter(project, jobs)
    assert project.end_of(execution) == "Failed"
    project.client("codepipeline").retry_stage_execution(
        pipelineName=project.outputs["train_pipeline"],
        pipelineExecutionId=execution,
        stageName="Train",
        retryMode="FAILED_ACTIONS",
    )
    assert project.end_of(execution) == "Succeeded", project.logs()
    assert [job for job in project.jobs() if job not in jobs] == [killed]
    assert project.packages()[0]["CustomerMetadataProperties"]["training_job"] == killed
    assert project.trainings() == [*known, execution]
    deadline = time.monotonic() + 120
    while not backlog(project, f"{TABLE}-failed"):  # after five deliveries
        assert time.monotonic() < deadline
        project.mlops("local", "clock", "--advance", "3m")
        time.sleep(1)
    url = sqs.get_queue_url(QueueName=f"{TABLE}-failed")["QueueUrl"]
    (left,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert left["Body"] == poison
    assert project.idle()["pending"] == []


def kill_the_waiter(project: Continuous, jobs: list[str]) -> str:
    """Stop the build that waits for the new training job, and return the job's name."""
    deadline = time.monotonic() + 300
    while not (new := [job for job in project.jobs() if job not in jobs]):
        assert time.monotonic() < deadline, project.logs()
        time.sleep(0.2)
    codebuild = project.client("codebuild")
    codebuild.stop_build(id=codebuild.list_builds_for_project(projectName="salary-prediction-train")["ids"][0])
    return new[0]
