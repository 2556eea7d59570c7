"""Every accepted slug gives names that their services accept, in the longest region and stage."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiecutter_mlops import answers, naming, scaffold
from cookiecutter_mlops.terraform import Terraform
from tests.names import BUCKETS, Names, fits

SLUGS = st.from_regex(naming.SLUG, fullmatch=True).filter(lambda slug: naming.slug_problem(slug) is None)
STAGES = ("staging", "prod")


@given(slug=SLUGS, region=st.sampled_from(answers.REGIONS))
def test_names_of_any_accepted_slug_fit_their_services(slug, region):
    for kind, name in Names(slug, "123456789012", region, STAGES).all():
        assert fits(kind, name), f"{kind}: {name}"


@given(text=st.text(max_size=25))
def test_slug_of_any_text_is_accepted_only_if_it_is_ascii_lowercase(text):
    if naming.slug_problem(text) is None:
        assert text.isascii() and text == text.lower() and 3 <= len(text) <= 20


@pytest.mark.parametrize("slug", ["my-sagemaker", "aws-glue-it", "awsome", "ssm-x", "xn--abc", "sthree-a", "amzn-s3"])
def test_slug_that_aws_reserves_is_refused(slug):
    assert naming.slug_problem(slug)


def test_names_of_all_buckets_differ_between_accounts_and_regions():
    buckets = {
        Names("salaries", account, region).bucket(purpose)
        for account in ("123456789012", "210987654321")
        for region in ("eu-west-1", "us-east-1")
        for purpose in BUCKETS
    }
    assert len(buckets) == 2 * 2 * len(BUCKETS)


MOCKS = Path(__file__).resolve().parents[1] / "terraform" / "mocks"
NAMED = {
    "aws_budgets_budget": ("budget", "name"),
    "aws_cloudwatch_event_rule": ("event rule", "name"),
    "aws_cloudwatch_log_group": ("log group", "name"),
    "aws_cloudwatch_metric_alarm": ("alarm", "alarm_name"),
    "aws_cloudwatch_dashboard": ("dashboard", "dashboard_name"),
    "aws_codebuild_project": ("build project", "name"),
    "aws_codecommit_repository": ("git repository", "repository_name"),
    "aws_codepipeline": ("pipeline", "name"),
    "aws_dynamodb_table": ("table", "name"),
    "aws_ecr_repository": ("image repository", "name"),
    "aws_iam_role": ("role", "name"),
    "aws_kms_alias": ("key alias", "name"),
    "aws_lambda_function": ("function", "function_name"),
    "aws_s3_bucket": ("bucket", "bucket"),
    "aws_sagemaker_notebook_instance": ("notebook", "name"),
    "aws_scheduler_schedule": ("schedule", "name"),
    "aws_security_group": ("security group", "name"),
    "aws_sagemaker_model_package_group": ("model package group", "model_package_group_name"),
    "aws_sns_topic": ("topic", "name"),
    "aws_sqs_queue": ("queue", "name"),
    "aws_ssm_parameter": ("parameter", "name"),
}
OF_THE_PIPELINES = {"endpoint", "model", "training job"}


def planned(terraform: Path) -> list[dict]:
    """Return what Terraform would make, planned offline against mocks."""
    (terraform / "tests").mkdir()
    run = f'mock_provider "aws" {{\n  source = "{MOCKS}"\n}}\nrun "plan" {{\n  command = plan\n}}\n'
    (terraform / "tests" / "names.tftest.hcl").write_text(run)
    Terraform(terraform.parent).init()
    command = ["terraform", "test", "-verbose", "-json"]
    lines = subprocess.run(command, cwd=terraform, capture_output=True, text=True).stdout.splitlines()
    plans = [line["test_plan"] for line in map(json.loads, lines) if line["type"] == "test_plan"]
    assert plans, lines[-3:]
    return [change for change in plans[0]["resource_changes"] if change["mode"] == "managed"]


def test_names_are_those_that_terraform_gives(tmp_path):
    slug, region = "abcdefghij-klmnopqrs", "ap-southeast-1"
    given = {"project_name": slug, "stages": "staging+prod", "aws_region": region, "network": "new", "notebook": "yes"}
    project = scaffold.create(given, tmp_path)
    found = set()
    for change in planned(project / "terraform"):
        if change["type"] in NAMED:
            kind, attribute = NAMED[change["type"]]
            found.add((kind, change["change"]["after"][attribute]))
    made = Names(slug, "123456789012", region, STAGES).all()
    assert found == {(kind, name) for kind, name in made if kind not in OF_THE_PIPELINES}
