"""Whole projects on the embedded AWS: apply, nothing left to change, destroy, nothing left."""

import json
from pathlib import Path

import pytest

from cookiecutter_mlops import scaffold

pytestmark = pytest.mark.slow

# Every kind of endpoint, source and number of stages, on the shortest and the longest slug.
APPLIED = {
    "codecommit-real-time-one-stage": {"project_slug": "abc", "source": "codecommit"},
    "github-serverless-two-stages": {
        "source": "github",
        "source_repository": "example-org/salary-prediction",
        "endpoint_kind": "serverless",
        "stages": "staging+prod",
    },
    "s3-asynchronous-two-stages": {
        "project_slug": "salary-prediction-20",
        "source": "s3",
        "endpoint_kind": "asynchronous",
        "stages": "staging+prod",
        "training_instance_type": "ml.g5.2xlarge",
    },
}
PLANNED = {
    "gitlab": {"source": "gitlab", "source_repository": "group/subgroup/salary-prediction"},
    "bitbucket": {"source": "bitbucket", "source_repository": "team/salary-prediction", "stages": "staging+prod"},
}
# Terraform looks at a module's variables only when the root's are right; each of these plans refuses all that it holds.
REFUSED = {
    "root": (
        {"region": "eu-west", "stages": ["prod", "staging"]},
        [
            "region: use an AWS region, for example eu-west-1 (got: eu-west).",
            'stages: use ["prod"] or ["staging", "prod"]',
        ],
    ),
    "modules": (
        {
            "training": {
                "instance_types": ["ml.m5.xlarge"],
                "instance_count": -1,
                "use_spot": True,
                "max_wait_seconds": 60,
            },
            "endpoint": {"kind": "serverless", "memory_mb": 100},
            "monthly_budget_usd": -5,
        },
        [
            "instance_count: use a whole number from 1 to 100, for example 1 (got: -1).",
            "spot: max_wait_seconds includes the training itself",
            "serverless: use memory_mb of 1024",
            "monthly_usd: use an amount above 0, for example 200 (got: -5).",
        ],
    ),
}


def bake(folder: Path, answers: dict[str, str]) -> Path:
    """Make a project whose buckets may be destroyed with what they hold, and return its Terraform folder."""
    given = {"project_name": "Salary Prediction", "owner_email": "ml-team@example.com"} | answers
    return scaffold.create(given, folder) / "terraform"


def settings(folder: Path, **changed: object) -> None:
    (folder / "zz.auto.tfvars.json").write_text(json.dumps(changed))


@pytest.mark.parametrize("answers", APPLIED.values(), ids=APPLIED)
def test_project_comes_up_whole_and_goes_away(answers, tmp_path, on_embedded_aws):
    folder = bake(tmp_path, answers)
    settings(folder, force_destroy=True, batch={"schedule": "cron(0 2 * * ? *)", "on_arrival": True})
    terraform = on_embedded_aws(folder)
    terraform("apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=30")
    again = terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", good=(0, 2))
    assert again.returncode == 0, again.stdout
    terraform("destroy", "-auto-approve", "-input=false", "-no-color", "-parallelism=30")
    assert json.loads(terraform("show", "-json").stdout).get("values") is None


@pytest.mark.parametrize("answers", PLANNED.values(), ids=PLANNED)
def test_project_with_a_connection_can_be_planned(answers, tmp_path, on_embedded_aws):
    planned = on_embedded_aws(bake(tmp_path, answers))("plan", "-input=false", "-no-color")
    assert "0 to change, 0 to destroy" in planned.stdout


@pytest.mark.parametrize(("changed", "sentences"), REFUSED.values(), ids=REFUSED)
def test_bad_setting_is_refused_at_plan_with_a_sentence(changed, sentences, tmp_path, on_embedded_aws):
    folder = bake(tmp_path, {})
    settings(folder, **changed)
    refused = " ".join(on_embedded_aws(folder)("plan", "-input=false", "-no-color", good=(1,)).stderr.split())
    assert [sentence for sentence in sentences if sentence not in refused] == []
