"""Drifted traffic is noticed, named and answered by one training; usual traffic afterwards raises nothing.

Hours pass on the embedded AWS's clock; requests, jobs, alarms and the training are real.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from cookiecutter_mlops import watch
from cookiecutter_mlops.loop import LoopProject
from tests.loop import permissions
from tests.loop.conftest import keep_few_tests, new_project, now, to_next_hour

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("continuous-monitoring")]  # one worker, one project

REQUESTS, INSTANCES = 20, 25
ALARM = "salary-prediction-prod-monitor-drift"


@pytest.fixture(scope="module")
def watched(salaries, tmp_path_factory, request) -> Iterator[LoopProject]:
    """A released project whose column `region` may hold any text, so that a new one is answered and not refused."""
    folder = tmp_path_factory.mktemp("monitoring")
    project = LoopProject(new_project(folder, "stages=prod", "--data", str(salaries), "--target", "wage"))
    toml = project.path / "project.toml"
    toml.write_text(re.sub(r'(name = "region"\ntype = "category"\n)categories = .*\n', r"\1", toml.read_text()))
    variables = project.path / "terraform" / "terraform.auto.tfvars.json"
    variables.write_text(json.dumps(json.loads(variables.read_text()) | {"batch": {}}, indent=2))
    project.run("git", "commit", "--quiet", "--all", "--message", "Accept any region, answer files")
    keep_few_tests(project)
    try:
        project.up()
        project.mlops("apply")
        project.mlops("data", "push", str(salaries))
        assert project.train() == "Succeeded", project.logs()
        assert project.approve() == "Succeeded", project.logs()
        yield project
        permissions.check_after(request, project, "continuous_monitoring")
    finally:
        project.down()


class Traffic:
    """Workers of the survey who ask for their wage, as they are or as nobody was in training."""

    def __init__(self, project: LoopProject, workbook) -> None:
        self.project, self.workers, self.sent = project, pd.read_excel(workbook, engine="calamine"), 0
        self.wages: list[dict[str, Any]] = []  # ground truth of what was asked

    def usual(self) -> None:
        self._send(lambda worker: worker)

    def drifted(self) -> None:
        """Six years more of education, and every third worker from a region that the survey does not have."""
        self._send(
            lambda worker: worker | {"education": min(18, worker["education"] + 6), "region": self._region(worker)}
        )

    def _region(self, worker: dict[str, Any]) -> str:
        return "overseas" if self.sent % 3 == 0 else worker["region"]

    def _send(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        runtime = self.project.client("sagemaker-runtime")
        for _ in range(REQUESTS):
            self.sent += 1
            drawn = self.workers.sample(INSTANCES, random_state=self.sent)
            self.wages += [{"inference_id": f"worker-{self.sent}", "wage": wage} for wage in drawn["wage"]]
            workers = json.loads(drawn.drop(columns="wage").to_json(orient="records"))
            instances = [change(worker) for worker in workers]
            runtime.invoke_endpoint(
                EndpointName=self.project.outputs["endpoints"]["prod"],
                ContentType="application/json",
                InferenceId=f"worker-{self.sent}",
                Body=json.dumps({"instances": instances}),
            )


def monitored(project: LoopProject) -> tuple[str, dict[str, Any]]:
    """The verdict of the hour that has just ended, which the schedule has monitored, and each drifted column."""
    shown = project.mlops("monitor", "--window", "previous", "--no-open").stdout
    assert "was started before" in shown
    folder = project.path / ".mlops" / "monitoring" / "prod"
    features = json.loads((folder / "statistics.json").read_text())["features"]
    return shown, {entry["name"]: entry["drift"] for entry in features if entry["drift"]["drifted"]}


def state(project: LoopProject) -> str:
    (alarm,) = project.client("cloudwatch").describe_alarms(AlarmNames=[ALARM])["MetricAlarms"]
    return alarm["StateValue"]


def wait_for(project: LoopProject, condition: Callable[[], Any], what: str, seconds: float = 300) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: {project.logs()}"
        time.sleep(0.5)
    return found


def published(project: LoopProject, metric: str) -> float | None:
    """The value of a metric for the window that has just ended, once it is there."""
    end = now(project).replace(minute=0, second=0)
    found = project.client("cloudwatch").get_metric_statistics(
        Namespace="MLOps/salary-prediction",
        MetricName=metric,
        Dimensions=[{"Name": "Stage", "Value": "prod"}],
        StartTime=end,
        EndTime=end + timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return found[0]["Maximum"] if found else None


def test_drift_is_named_and_answered_by_one_training(watched, salaries):
    project, traffic = watched, Traffic(watched, salaries)
    pipeline = project.outputs["train_pipeline"]

    def executions() -> list[dict[str, Any]]:
        return watch.executions(project.client("codepipeline"), pipeline)

    before = len(executions())
    to_next_hour(project)
    verdicts = []
    for hour, send in enumerate([traffic.usual, traffic.drifted, traffic.drifted, traffic.usual, traffic.usual], 1):
        send()
        to_next_hour(project)
        project.mlops("local", "clock", "--advance", "25m")  # past the schedule
        wait_for(project, lambda: published(project, "DriftedFeatures") is not None, f"metrics of hour {hour}")
        verdicts.append(monitored(project))
        assert published(project, "DriftedFeatures") == len(verdicts[-1][1])
        if hour == 2:  # one bad window of three is not enough
            project.mlops("local", "clock", "--advance", "2m")
            assert (state(project), len(executions())) == ("OK", before)
        if hour == 3:
            project.mlops("local", "clock", "--advance", "2m")  # alarms are evaluated each minute
            wait_for(project, lambda: state(project) == "ALARM", "alarm")
            wait_for(project, lambda: len(executions()) > before, "training")

    shown, columns = verdicts[0]
    assert columns == {}, shown
    for shown, columns in verdicts[1:3]:
        assert {"education", "region"} <= columns.keys() <= {"education", "region", "experience", "(prediction)"}, shown
        assert "Drift in" in shown
        assert "education: population stability" in shown
    assert columns["region"]["since"] == columns["education"]["since"]
    assert verdicts[3][1] == verdicts[4][1] == {}
    wait_for(project, lambda: state(project) == "OK", "end of the alarm")
    assert len(executions()) == before + 1


def test_ground_truth_tells_how_good_the_answers_were(watched, salaries, tmp_path):
    to_next_hour(watched)
    traffic = Traffic(watched, salaries)
    traffic.sent = 10_000  # ids of its own
    traffic.usual()
    pd.DataFrame(traffic.wages[:400]).to_csv(tmp_path / "labels.csv", index=False)  # the other hundred is not known yet
    watched.mlops("ground-truth", str(tmp_path / "labels.csv"))
    watched.mlops("monitor", "--no-open")
    results = json.loads((watched.path / ".mlops" / "monitoring" / "prod" / "statistics.json").read_text())
    quality = results["quality"]
    assert (quality["metric"], quality["labels"], results["window"]["complete"]) == ("mae", 400, False)
    newest = quality["points"][-1]
    assert newest["low"] < newest["value"] < newest["high"]
    assert newest["value"] == pytest.approx(quality["trained"], rel=0.25)


def test_batch_answers_each_file_once_and_resumes(watched, salaries):
    s3, bucket = watched.client("s3"), watched.outputs["data_bucket"]
    workers = pd.read_excel(salaries, engine="calamine").drop(columns="wage").head(3)
    good = json.dumps({"instances": json.loads(workers.to_json(orient="records"))}).encode()

    def put(name: str, body: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=f"batch/prod/input/{name}", Body=body)

    def outputs() -> dict[str, datetime]:
        found = s3.list_objects_v2(Bucket=bucket, Prefix="batch/prod/output/").get("Contents", [])
        return {item["Key"].removeprefix("batch/prod/output/"): item["LastModified"] for item in found}

    put("a.json", good)
    put("more/b.json", good)
    put("bad.json", b'{"instances": [{"education": "much"}]}')
    failed = watched.mlops("batch", ok=False)
    assert (failed.returncode, "1 inputs have no output (bad.json)" in failed.stderr) == (1, True), failed.stderr
    first = outputs()
    assert first.keys() == {"a.json.out", "more/b.json.out"}
    answer = s3.get_object(Bucket=bucket, Key="batch/prod/output/a.json.out")["Body"].read()
    assert len(json.loads(answer)["predictions"]) == 3

    put("bad.json", good)
    watched.mlops("local", "clock", "--advance", "2m")
    watched.mlops("batch")
    assert outputs() == first | {"bad.json.out": outputs()["bad.json.out"]}  # the others were not answered again
