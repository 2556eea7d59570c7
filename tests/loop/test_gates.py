"""What is worse does not go live, and what is interrupted ends well: two stages, ten machines, one embedded AWS."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from cookiecutter_mlops import watch
from cookiecutter_mlops.loop import LoopProject
from tests.loop import permissions
from tests.loop.conftest import canaries_that_take_no_time, in_the_background, keep_few_tests, new_project
from tests.loop.interruptions import train_here, train_with_a_killed_waiter
from tests.loop.test_loop import WORKER
from tests.loop.test_stages import release_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("gates")]  # one worker, one project

# Each puts one thing into training/model.py or inference/handler.py that only shows on real rows.
WORSE_FOR_SOME = (
    "    return split(load_table(source, settings), settings)\n",
    "    learn, judge = split(load_table(source, settings), settings)\n"
    '    raised = learn["wage"].where(learn["ethnicity"] != "afam", learn["wage"] * 1.4)\n'
    "    return learn.assign(wage=raised), judge\n",
)
NO_NUMBER = (
    "    return _metrics(truth, answers, shares, settings), losses\n",
    "    values = _metrics(truth, answers, shares, settings)\n"
    "    return (values if len(rows) < 1000 else dict.fromkeys(values, np.nan)), losses\n",
)
EVERY_FIFTH_FAILS = (
    '    """The rows of instances, or a DataError that names the instance, the field and the rule."""\n',
    '    """The rows of instances, or a DataError that names the instance, the field and the rule."""\n'
    '    if instances[0].get("education") == 16 and instances[0].get("experience") == 10 and next(ASKED) % 5 == 0:\n'
    '        raise ZeroDivisionError("no answer for this worker")\n',
)
MANY_TREES = "max_iter = 600\nlearning_rate = 0.02\nearly_stopping = false"


@pytest.fixture(scope="module")
def guarded(salaries, tmp_path_factory, request) -> Iterator[LoopProject]:
    """A project on real salaries with a model in production."""
    answers = ["stages=staging+prod", "--data", str(salaries), "--target", "wage"]
    project = LoopProject(new_project(tmp_path_factory.mktemp("gates"), *answers))
    change_settings(project)
    keep_few_tests(project)
    try:
        project.up()
        project.mlops("apply")
        project.mlops("data", "push", str(salaries))
        released(project)
        yield project
        permissions.check_after(request, project, "gates")
    finally:
        project.down()


def change_settings(project: LoopProject) -> None:
    file = project.path / "terraform" / "terraform.auto.tfvars.json"
    settings = json.loads(file.read_text())
    settings["endpoint"]["instance_count"] = 10
    settings["training"]["use_spot"] = True
    settings["retraining"] = {"daily_cap": 100}
    file.write_text(json.dumps(settings, indent=2))
    toml = project.path / "project.toml"
    text = toml.read_text().replace("# [gate.slices]", "[gate.slices]")
    toml.write_text(text.replace("# department = 0.10", "ethnicity = 0.05"))
    commit(project, "Watch a slice")


def commit(project: LoopProject, message: str) -> None:
    project.run("git", "commit", "--quiet", "--all", "--message", message)


def released(project: LoopProject) -> str:
    """Push, train, and release to both stages; the version that is live."""
    with canaries_that_take_no_time(project):
        execution = release_of(project, project.train)
        project.mlops("approve")
        assert follow_release(project, execution) == "Succeeded", project.logs()
    return live(project)


def follow_release(project: LoopProject, execution: str) -> str:
    return watch.follow(project.client("codepipeline"), project.outputs["release_pipeline"], execution)


def live(project: LoopProject, stage: str = "prod") -> str:
    name = f"/salary-prediction/{stage}/live"
    return json.loads(project.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])["version"]


@contextmanager
def changed(project: LoopProject, file: str, change: tuple[str, str]) -> Iterator[None]:
    """Commit a change of one line, and take it back."""
    path = project.path / file
    text = path.read_text()
    assert text.count(change[0]) == 1, f"{file} has changed: {change[0]}"
    path.write_text(text.replace(*change))
    commit(project, f"Change {path.name}")
    try:
        yield
    finally:
        project.run("git", "revert", "--no-edit", "HEAD")


@pytest.mark.parametrize(
    ("file", "change", "check", "words"),
    [
        (
            "project.toml",
            ("learning_rate = 0.1", "learning_rate = 0.1\nmax_iter = 4"),
            "live",
            "of the live model's loss",
        ),
        ("training/model.py", NO_NUMBER, "finite", "mae, rmse, r2: not a number"),
        ("training/model.py", WORSE_FOR_SOME, "slice", "afam: +"),
    ],
    ids=["worse", "no-number", "worse-on-a-slice"],
)
def test_model_that_the_gate_stops_is_rejected_with_the_reason(guarded, file, change, check, words):
    before, answer = live(guarded), guarded.invoke_endpoint({"instances": [WORKER]})
    with changed(guarded, file, change):
        assert guarded.train() == "Failed"
    assert guarded.stopped_at(guarded.outputs["train_pipeline"]) == "Train"
    package = guarded.packages()[0]
    assert package["ModelApprovalStatus"] == "Rejected"
    assert words in package["ApprovalDescription"]
    verdict = read_json(guarded, package["ModelMetrics"]["ModelQuality"]["Constraints"]["S3Uri"])
    assert check in {one["name"] for one in verdict["checks"] if not one["passed"]}
    assert any(line.split()[:2] == [check, "FAILED"] and words in line for line in guarded.logs().splitlines())
    assert (live(guarded), guarded.invoke_endpoint({"instances": [WORKER]})) == (before, answer)


def read_json(project: LoopProject, uri: str):
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    return json.loads(project.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def test_model_that_fails_in_the_canary_is_rolled_back_by_the_alarm(guarded):
    before, answer = live(guarded), guarded.invoke_endpoint({"instances": [WORKER]})
    handler = guarded.path / "inference" / "handler.py"
    handler.write_text(handler.read_text().replace("EXAMPLES = 5\n", "EXAMPLES = 5\nASKED = itertools.count()\n"))
    handler.write_text(handler.read_text().replace("import json\n", "import itertools\nimport json\n", 1))
    with changed(guarded, "inference/handler.py", EVERY_FIFTH_FAILS):
        with canaries_that_take_no_time(guarded):
            execution = release_of(guarded, guarded.train)
        package = guarded.packages()[0]
        guarded.mlops("local", "clock", "--rate", "10")
        with asked_all_the_time(guarded) as seen:
            guarded.mlops("approve")
            assert follow_release(guarded, execution) == "Failed"
        guarded.mlops("local", "clock", "--rate", "1")
    assert guarded.stopped_at(guarded.outputs["release_pipeline"]) == "Deploy-prod"
    assert 0 < seen[500] <= 0.1 * seen.total(), seen  # a canary of one machine in ten
    assert (live(guarded), guarded.invoke_endpoint({"instances": [WORKER]})) == (before, answer)
    rejected = guarded.client("sagemaker").describe_model_package(ModelPackageName=package["ModelPackageArn"])
    assert rejected["ModelApprovalStatus"] == "Rejected"
    assert "alarm salary-prediction-prod-errors rolled endpoint" in rejected["ApprovalDescription"]
    assert guarded.release() == "Succeeded"  # by a late event, say
    assert live(guarded) == before


@contextmanager
def asked_all_the_time(project: LoopProject) -> Iterator[Counter]:
    """Count the statuses that callers of prod get meanwhile."""
    seen: Counter[int] = Counter()
    runtime, body = project.client("sagemaker-runtime"), json.dumps({"instances": [WORKER]})
    request = {"EndpointName": project.outputs["endpoints"]["prod"], "ContentType": "application/json", "Body": body}

    def ask() -> None:
        try:
            runtime.invoke_endpoint(**request)
            seen[200] += 1
        except ClientError as error:
            seen[error.response.get("OriginalStatusCode", 0)] += 1

    with in_the_background(ask, 0.02, threads=3):
        yield seen


def test_interrupted_job_and_killed_waiter_end_with_the_model_of_an_undisturbed_training(guarded, salaries, tmp_path):
    """Spot capacity goes twice, the build that waits is killed, its second try adopts the job, an update fails."""
    before = live(guarded, "staging"), live(guarded)  # a test before may have left a newer one in staging alone
    codepipeline, release = guarded.client("codepipeline"), guarded.outputs["release_pipeline"]
    known = {execution["pipelineExecutionId"] for execution in watch.executions(codepipeline, release)}
    with changed(guarded, "project.toml", ("learning_rate = 0.1", MANY_TREES)):
        undisturbed = train_here(guarded, salaries, tmp_path)
        fault(guarded, "spot-interruption", "--name", "salary-prediction-*", "--after", "6s", "--times", "2")
        fault(guarded, "capacity", "--name", "salary-prediction-staging")
        assert train_with_a_killed_waiter(guarded) == 1
    package = guarded.packages()[0]
    evaluation = read_json(guarded, package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"])
    assert math.isclose(evaluation["value"], undisturbed["value"], rel_tol=1e-12)
    assert follow_release(guarded, watch.next_execution(codepipeline, release, known)) == "Failed"
    assert guarded.stopped_at(release) == "Deploy-staging"
    assert (live(guarded, "staging"), live(guarded)) == before


def fault(project: LoopProject, *arguments: str) -> None:
    project.mlops("local", "fault", "add", *arguments)
