"""New data retrains with nobody's hand on it, a storm of events makes one run, and a bad night loses nothing.

One project for all, whose gatekeeper waits for no cool-down; its embedded clock is moved where AWS would wait.
"""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pandas
import pytest

from tests.loop import permissions
from tests.loop.conftest import keep_few_tests, new_project
from tests.loop.continuous import TABLE, Continuous, backlog, released
from tests.loop.interruptions import stop_waiter
from tests.loop.test_loop import WORKER
from tests.template.test_gatekeeper_events import repeated

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),  # the first test waits for the project as well
    pytest.mark.xdist_group("continuous-training"),  # one worker, one project
]


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


def test_new_data_trains_a_better_model_that_goes_live_after_one_approval(project, rows):
    project.set(arrival="manifest")
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
    deadline = time.monotonic() + 300
    while sum(work["count"] for work in project.gatekeeper()["pending"]) < count or backlog(project):
        assert time.monotonic() < deadline, project.gatekeeper()
        time.sleep(1)
    assert [work["count"] for work in project.gatekeeper()["pending"]] == [count]


def test_storm_of_events_delivered_twice_makes_one_run_and_a_second_batch_one_more(project, rows):
    project.set(arrival="quiet-period", quiet_minutes=10)  # longer than a slow machine takes to hear of all
    known = project.trainings()
    storm(project, rows, "storm", 500)
    heard(project, 500)
    assert project.trainings() == known  # more may come
    first = project.next_training(known, step="15m")
    storm(project, rows, "more", 50)
    heard(project, 50)
    assert project.trainings() == [*known, first]
    assert project.end_of(first) == "Succeeded", project.logs()
    second = project.next_training([*known, first], step="15m")
    assert project.end_of(second) == "Succeeded", project.logs()
    assert project.reason(first).endswith(" and 499 more")
    assert project.reason(second).endswith(" and 49 more")
    assert project.idle()["pending"] == []
    project.mlops("local", "clock", "--advance", "15m")
    assert project.trainings() == [*known, first, second]
    versions = [p["CustomerMetadataProperties"]["data_version"] for p in project.packages()[:2]]
    assert len(set(versions)) == 2


def test_function_that_fails_a_poisoned_message_and_a_killed_waiter_lose_and_double_nothing(project, rows):
    project.set(arrival="quiet-period", quiet_minutes=10)
    known, jobs = project.trainings(), project.jobs()
    project.mlops("local", "fault", "add", "function-error", "--name", TABLE, "--times", "2")
    sqs = project.client("sqs")
    poison = "this is no JSON"
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=TABLE)["QueueUrl"], MessageBody=poison)
    project.put("night/part.csv", rows[7::50])
    execution = project.next_training(known, step="15m")
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
    deadline = time.monotonic() + 300
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
    stop_waiter(project)
    return new[0]
