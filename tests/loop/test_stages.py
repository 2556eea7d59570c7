"""A project with two stages on an embedded AWS of its own: released by way of staging, rolled back, destroyed."""

import json
import time

import pytest

from cookiecutter_mlops import watch
from cookiecutter_mlops.loop import LoopProject
from tests.loop.conftest import canaries_that_take_no_time, keep_few_tests, new_project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """A project on its sample with `staging` and `prod`, whose buckets may be deleted with what they hold."""
    project = LoopProject(new_project(tmp_path_factory.mktemp("stages"), "stages=staging+prod"))
    settings = project.path / "terraform" / "terraform.auto.tfvars.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"force_destroy": True}, indent=2) + "\n")
    keep_few_tests(project)
    try:
        project.up()
        project.mlops("apply")
        with canaries_that_take_no_time(project):
            yield project
    finally:
        project.down()


def release_of(project: LoopProject, start) -> str:
    """Return the id of the release execution that `start` leads to, once it waits for a person."""
    codepipeline, name = project.client("codepipeline"), project.outputs["release_pipeline"]
    known = {e["pipelineExecutionId"] for e in watch.executions(codepipeline, name)}
    start()
    execution = watch.next_execution(codepipeline, name, known)
    deadline = time.monotonic() + 300
    while not any(a.stage == "Approve" for a in watch.actions(codepipeline, name, execution)):
        assert time.monotonic() < deadline, project.logs()
        time.sleep(0.5)
    return execution


def test_two_stages_from_push_to_rollback_to_an_empty_account(staged):
    codepipeline, name = staged.client("codepipeline"), staged.outputs["release_pipeline"]
    staged.mlops("data", "push", str(staged.path / "data" / "sample.csv"))
    execution = release_of(staged, staged.train)
    request = staged.recorded_request()
    assert staged.invoke_endpoint(request, "staging")["predictions"]
    staged.mlops("approve")
    assert watch.follow(codepipeline, name, execution) == "Succeeded", staged.logs()
    first = staged.invoke_endpoint(request)
    assert first["predictions"] == staged.invoke_function(request)["predictions"]

    # Other settings make another model; a rollback brings the first one's answers back.
    toml = staged.path / "project.toml"
    toml.write_text(toml.read_text().replace("learning_rate = 0.1", "learning_rate = 0.05"))
    staged.run("git", "commit", "--quiet", "--all", "--message", "Learn more slowly")
    execution = release_of(staged, staged.train)
    staged.mlops("approve")
    assert watch.follow(codepipeline, name, execution) == "Succeeded", staged.logs()
    assert staged.invoke_endpoint(request) != first
    known = {e["pipelineExecutionId"] for e in watch.executions(codepipeline, name)}
    staged.mlops("rollback")  # one command: it also answers the approval
    assert watch.follow(codepipeline, name, watch.next_execution(codepipeline, name, known)) == "Succeeded"
    assert staged.invoke_endpoint(request) == first
    said = [line.split() for line in staged.mlops("releases", "--stage", "prod").stdout.splitlines()[1:]]
    assert [line[1] for line in said] == ["1", "2", "1"]
    assert staged.release() == "Succeeded"  # a later event does not bring the bad one back
    assert staged.invoke_endpoint(request) == first

    staged.mlops("destroy")
    assert account(staged) == {}
    staged.mlops("destroy")  # and again, where nothing is left


def account(project: LoopProject) -> dict[str, list]:
    """Return what a listing of the embedded account shows, by service, without what is empty."""
    client = project.client
    found = {
        "buckets": client("s3").list_buckets()["Buckets"],
        "repositories": client("codecommit").list_repositories()["repositories"],
        "pipelines": client("codepipeline").list_pipelines()["pipelines"],
        "builds": client("codebuild").list_projects()["projects"],
        "images": client("ecr").describe_repositories()["repositories"],
        "endpoints": client("sagemaker").list_endpoints()["Endpoints"],
        "configurations": client("sagemaker").list_endpoint_configs()["EndpointConfigs"],
        "models": client("sagemaker").list_models()["Models"],
        "packages": client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"],
        "targets": client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")[
            "ScalableTargets"
        ],
        "functions": client("lambda").list_functions()["Functions"],
        "roles": client("iam").list_roles()["Roles"],
        "rules": client("events").list_rules()["Rules"],
        "schedules": client("scheduler").list_schedules()["Schedules"],
        "tables": client("dynamodb").list_tables()["TableNames"],
        "mappings": client("lambda").list_event_source_mappings()["EventSourceMappings"],
        "topics": client("sns").list_topics()["Topics"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "parameters": client("ssm").describe_parameters()["Parameters"],
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "dashboards": client("cloudwatch").list_dashboards()["DashboardEntries"],
        "budgets": client("budgets").describe_budgets(AccountId="123456789012")["Budgets"],
        "aliases": [a for a in client("kms").list_aliases()["Aliases"] if "/aws/" not in a["AliasName"]],
        "logs": [
            group["logGroupName"]
            for group in client("logs").describe_log_groups()["logGroups"]
            # SageMaker's job groups belong to the account: other projects write to them too.
            if not group["logGroupName"].startswith("/aws/sagemaker/TrainingJobs")
        ],
    }
    return {service: things for service, things in found.items() if things}
