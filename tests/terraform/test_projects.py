"""Whole projects side by side in one embedded account: apply, nothing left to change, a change in place, destroy."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cookiecutter_mlops import scaffold
from tests.localaws.conftest import Aws
from tests.localaws.endpoints import new_config, settled
from tests.terraform.conftest import Root

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terraform-projects")]

QUIET = ("-input=false", "-no-color")
# Between them: every kind of endpoint, three sources, both numbers of stages, with and without network and notebook.
APPLIED = {
    "smallest": {"project_slug": "abc", "source": "s3", "endpoint_kind": "serverless"},
    "largest": {
        "project_slug": "calls",
        "use_case": "call-analytics",
        "network": "new",
        "notebook": "yes",
        "stages": "staging+prod",
        "training_instance_type": "ml.g5.2xlarge",
    },
    "longest-names": {
        "project_slug": "salary-prediction-20",
        "aws_region": "ap-northeast-1",
        "source": "github",
        "source_repository": "example-org/salary-prediction",
        "endpoint_kind": "asynchronous",
        "stages": "staging+prod",
    },
}
EVERYTHING = {
    "network": {"kind": "new", "zone_count": 3, "builds": True, "nat": True},
    "cost_anomaly_usd": 20,
    "data_archive": {"archive_days": 90, "deep_archive_days": 180},
    "batch": {"accept": "application/vnd.apache.parquet"},
}
PLANNED = {
    "gitlab": {"source": "gitlab", "source_repository": "group/subgroup/salary-prediction"},
    "bitbucket": {"source": "bitbucket", "source_repository": "team/salary-prediction", "stages": "staging+prod"},
}
# Terraform looks at a module's variables only when the root's are right; each of these plans refuses all that it holds.
REFUSED = {
    "root": (
        {
            "region": "eu-west",
            "stages": ["prod", "staging"],
            "network": {"kind": "vpc", "builds": True},
            "notebook": {"instance_type": "ml.t3.medium"},
            "cost_centre": "<4711>",
        },
        [
            "region: use an AWS region, for example eu-west-1 (got: eu-west).",
            'stages: use ["prod"] or ["staging", "prod"]',
            "network: use none, new or existing as kind (got: vpc).",
            "network: builds inside install Python packages, so they need nat = true or a package_index",
            "cost_centre: use 1 to 256 letters",
        ],
    ),
    "builds-without-a-network": (
        {
            "network": {"kind": "none", "builds": True, "nat": True},
            "serving": {"image": "vllm:v1"},
            "batch": {},
        },
        [
            "network: builds cannot run inside without a network",
            "serving: another image serves what pipelines train (pretrained null), on instances, and no batch",
        ],
    ),
    "notebook-without-a-network": (
        {
            "notebook": {"instance_type": "ml.t3.medium"},
            "stages": ["staging", "prod"],
            "pretrained": {"weights": "models/own", "image": ""},
        },
        [
            "notebook: it has no internet of its own",
            "pretrained: use the name of one folder below weights/ of the models bucket",
            "pretrained: name the image that serves the weights",
            "pretrained: a model that nobody releases has the one stage prod",
        ],
    ),
    "modules": (
        {
            "training": {
                "instance_types": ["ml.m5.xlarge"],
                "instance_count": -1,
                "input_mode": "Pipe",
                "data_distribution": "Sharded",
                "use_spot": True,
                "max_wait_seconds": 60,
            },
            "endpoint": {"kind": "serverless", "memory_mb": 100},
            "network": {
                "kind": "existing",
                "vpc_id": "vpc-0a1b",
                "subnet_ids": ["subnet-0a1b"],
                "security_group_ids": ["sg-0a1b"],
            },
            "monthly_budget_usd": -5,
            "cost_anomaly_usd": -1,
        },
        [
            "instance_count: use a whole number from 1 to 100, for example 1 (got: -1).",
            "input_mode: use File or FastFile (got: Pipe).",
            "data_distribution: use FullyReplicated or ShardedByS3Key (got: Sharded).",
            "spot: max_wait_seconds includes the training itself",
            "serverless: use memory_mb of 1024",
            "network: AWS runs no serverless endpoint inside a VPC",
            "monthly_usd: use an amount above 0, for example 200 (got: -5).",
            "anomaly_usd: use an amount above 0, for example 20, or null (got: -1).",
        ],
    ),
    "endpoint": (
        {
            "training": {"instance_types": ["ml.m5.xlarge"], "use_spot": True, "warm_pool_seconds": 1800},
            "endpoint": {
                "kind": "real-time",
                "instance_type": "ml.m5.large",
                "traffic_shift": {"kind": "canary"},
                "autoscaling": {"min_capacity": 0, "max_capacity": 2, "invocations_per_instance": 5},
                "capture_percentage": 101,
            },
            "data_archive": {"archive_days": 1, "deep_archive_days": 180},
        },
        [
            "warm_pool_seconds: AWS keeps no spot instances warm",
            "traffic_shift: canary and linear need at least 2 instances",
            "autoscaling: use min_capacity from 1 up",
            "capture_percentage: use 0 to 100, for example 20 (got: 101).",
            "archive: use archive_days from 90",
        ],
    ),
}


def bake(folder: Path, answers: dict[str, str]) -> Path:
    """Make a project whose buckets may be destroyed with what they hold, and return its Terraform folder."""
    given = {"project_name": "Salary Prediction", "owner_email": "ml-team@example.com"} | answers
    return scaffold.create(given, folder) / "terraform"


def settings(folder: Path, **changed: object) -> None:
    (folder / "zz.auto.tfvars.json").write_text(json.dumps(changed))


def each(roots: dict[str, Root], act: Callable[[Root], object]) -> dict[str, object]:
    """Do something with every project at the same time, because mostly the provider waits."""
    with ThreadPoolExecutor(len(roots)) as pool:
        return dict(zip(roots, pool.map(act, roots.values()), strict=True))


def apply(root: Root) -> None:
    root("apply", *QUIET, "-auto-approve", "-parallelism=30")


def destroy(root: Root) -> None:
    root("destroy", *QUIET, "-auto-approve", "-refresh=false", "-parallelism=30")


def left_to_change(root: Root, *options: str) -> list[str]:
    """Return what a plan would do, as `actions address`."""
    root("plan", *QUIET, "-out=plan", *options)
    planned = json.loads(root("show", "-json", "plan").stdout)["resource_changes"]
    actions = [(set(change["change"]["actions"]) - {"no-op", "read"}, change["address"]) for change in planned]
    return [f"{'+'.join(sorted(done))} {address}" for done, address in actions if done]


def state(root: Root) -> dict:
    return json.loads(root("show", "-json").stdout).get("values") or {}


@pytest.fixture(scope="module")
def roots(tmp_path_factory, on_embedded_aws) -> Iterator[dict[str, Root]]:
    """The three projects, applied in one account; what a test left of them is destroyed."""
    folders = {name: bake(tmp_path_factory.mktemp(name), answers) for name, answers in APPLIED.items()}
    for name, folder in folders.items():
        settings(folder, force_destroy=True, **(EVERYTHING if name == "largest" else {}))
    roots = {name: on_embedded_aws(folder) for name, folder in folders.items()}
    try:
        each(roots, apply)
        yield roots
    finally:
        each(roots, destroy)


def test_projects_come_up_whole_change_in_place_and_leave_nothing_to_change(roots):
    assert each(roots, left_to_change) == {name: [] for name in roots}
    for name, root in roots.items():
        file = root.folder / "zz.auto.tfvars.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"monthly_budget_usd": 300, "cost_centre": name}))
    changed = each(roots, lambda root: left_to_change(root, "-refresh=false"))  # the plan before has just asked
    assert {name: [line for line in lines if not line.startswith("update ")] for name, lines in changed.items()} == {
        name: [] for name in roots
    }
    assert all("update module.budget.aws_budgets_budget.this" in lines for lines in changed.values())
    each(roots, lambda root: root("apply", *QUIET, "-parallelism=30", "plan"))
    assert each(roots, left_to_change) == {name: [] for name in roots}


def predict(aws: Aws, slug: str) -> dict:
    """Ask a project's model as applications do, through its function."""
    request = json.dumps({"instances": [{"age": 40}], "inference_id": "order-4711"})
    answer = aws.client("lambda").invoke(FunctionName=f"{slug}-prod-invoke", Payload=request)
    return json.loads(answer["Payload"].read())


def test_project_that_is_destroyed_takes_nothing_of_its_neighbours(roots, aws):
    """Nothing that the account has once belongs to a project, and a neighbour's model goes on answering."""
    endpoint = {"EndpointName": "abc-prod", "EndpointConfigName": new_config(aws, "neighbour")}
    aws.client("sagemaker").create_endpoint(**endpoint)
    assert settled(aws, "abc-prod")["EndpointStatus"] == "InService"
    before = predict(aws, "abc")
    assert before["model"] == "neighbour"
    destroy(roots["largest"])
    assert state(roots["largest"]) == {}
    neighbours = {name: root for name, root in roots.items() if name != "largest"}
    assert predict(aws, "abc") == before
    assert each(neighbours, left_to_change) == {name: [] for name in neighbours}
    aws.client("sagemaker").delete_endpoint(EndpointName="abc-prod")


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
