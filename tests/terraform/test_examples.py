"""Every module's complete example, applied for real: all in one root, because mostly the provider waits."""

import functools
import json
import shutil
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.localaws.conftest import Aws, serve, wait_for
from tests.localaws.endpoints import invoke, new_config
from tests.terraform import tables
from tests.terraform.conftest import MODULES, Root, root_module

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terraform-examples")]

NAMES = [module.name for module in tables.modules()]
MODELS_BUCKET = "speech-models-123456789012"  # of the example with a fixed model
QUIET = ("-input=false", "-no-color")
# One argument of each example, and another value that must be taken without making anything anew.
CHANGES = {
    "account-baseline": ("log_retention_days   = 365", "log_retention_days   = 400"),
    "batch-inference": ("instance_count = 2", "instance_count = 3"),
    "codepipeline": ("timeout_minutes = 120", "timeout_minutes = 240"),
    "cost-budget": ("monthly_usd = 200", "monthly_usd = 300"),
    "kms-key": ("deletion_window_in_days = 7", "deletion_window_in_days = 8"),
    "lambda-invoker": ("reserved_concurrency = 20", "reserved_concurrency = 30"),
    "lambda-network": ('"nightly-report"', '"nightly-digest"'),
    "model-monitoring": ("volume_size_gb = 100", "volume_size_gb = 120"),
    "network": ("log_retention_days = 365", "log_retention_days = 400"),
    "notifications": ('["cloudwatch", "events"]', '["events"]'),
    "retraining": ("daily_cap         = 3", "daily_cap         = 4"),
    "s3-bucket": ('"capture/" = 90', '"capture/" = 60'),
    "sagemaker-endpoint": ("latency_ms    = 800", "latency_ms    = 900"),
    "sagemaker-notebook": ("idle_minutes   = 60", "idle_minutes   = 90"),
    "sagemaker-training": ("max_runtime_seconds = 14400", "max_runtime_seconds = 7200"),
    "source-repository": ("approvals   = 1", "approvals   = 2"),
}


def test_every_module_has_a_change():
    assert set(CHANGES) == set(NAMES)


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """An embedded AWS of their own, because a test moves its clock: from midnight, so that evening comes to it only."""
    with serve(tmp_path_factory.mktemp("aws")) as aws:
        midnight = aws.now().replace(hour=0, minute=0, second=0) + timedelta(days=1)
        aws.advance(f"{(midnight - aws.now()).total_seconds():.0f}s")
        yield aws


@pytest.fixture(scope="module")
def root(tmp_path_factory, aws) -> Iterator[Root]:
    """One root module that holds every example and an endpoint with a fixed model, applied; destroyed in the end."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(MODULES, folder / "modules", ignore=shutil.ignore_patterns(".terraform*"))
    (folder / "root").mkdir()
    model = aws.client("sagemaker").describe_model(ModelName=new_config(aws, "examples"))["PrimaryContainer"]
    place = f"s3://{MODELS_BUCKET}/speech/model.tar.gz"
    given = f'  image          = "{model["Image"]}"\n  model_data_url = "{place}"\n'
    blocks = [block(name, f"{name}/examples/complete") for name in NAMES]
    blocks.append(block("fixed-model", "sagemaker-endpoint/examples/fixed-model", given))
    (folder / "root" / "main.tf").write_text("\n".join(blocks))
    root = root_module(folder / "root", aws)
    try:
        root("apply", *QUIET, "-auto-approve", "-target=module.fixed-model.module.bucket")
        copy(aws, model["ModelDataUrl"], place)
        root("apply", *QUIET, "-auto-approve", "-parallelism=50")
        yield root
    finally:
        root("destroy", *QUIET, "-auto-approve", "-refresh=false", "-parallelism=50")
        assert json.loads(root("show", "-json").stdout).get("values") is None


def copy(aws: Aws, source: str, place: str) -> None:
    """Copy an object, by s3:// addresses."""
    (source_bucket, source_key), (bucket, key) = (url.removeprefix("s3://").split("/", 1) for url in (source, place))
    aws.client("s3").copy_object(CopySource={"Bucket": source_bucket, "Key": source_key}, Bucket=bucket, Key=key)


def block(name: str, source: str, given: str = "") -> str:
    return f'module "{name}" {{\n  source = "../modules/{source}"\n{given}}}\n'


def changes(root: Root, *options: str) -> dict[str, set[str]]:
    """Return what a plan would do, by module; saved as `plan`."""
    root("plan", *QUIET, "-out=plan", "-parallelism=50", *options)
    found: dict[str, set[str]] = {}
    for change in json.loads(root("show", "-json", "plan").stdout)["resource_changes"]:
        actions = set(change["change"]["actions"]) - {"no-op", "read"}
        if actions:
            found.setdefault(change["address"].split(".")[1], set()).update(actions)
    return found


def change(root: Root, name: str, old: str, new: str, example: str = "complete") -> None:
    file = root.folder.parent / "modules" / name / "examples" / example / "main.tf"
    text = file.read_text()
    assert text.count(old) == 1, f"{name}: the example has no {old!r}"
    file.write_text(text.replace(old, new))


def test_examples_are_applied_changed_in_place_and_nothing_is_left_to_change(root):
    assert changes(root) == {}
    for name, (old, new) in CHANGES.items():
        change(root, name, old, new)
    # The plan before has just asked what is there.
    assert changes(root, "-refresh=false") == {name: {"update"} for name in CHANGES}
    root("apply", *QUIET, "-parallelism=50", "plan")
    assert changes(root) == {}


def test_fixed_model_answers_behind_the_endpoint_that_terraform_made(root, aws):
    assert invoke(aws, "speech-prod")["model"] == "examples"
    described = aws.client("sagemaker").describe_endpoint(EndpointName="speech-prod")
    assert described["EndpointConfigName"].startswith("speech-prod-2")  # the provider's prefix and a timestamp


def test_fixed_model_scales_and_stops_scaling_while_its_instances_change(root, aws):
    scaling = aws.client("application-autoscaling")
    scaled = {"ServiceNamespace": "sagemaker", "ResourceIds": ["endpoint/speech-prod/variant/AllTraffic"]}
    (before,) = scaling.describe_scalable_targets(**scaled)["ScalableTargets"]
    assert (before["MinCapacity"], before["MaxCapacity"]) == (2, 4)
    change(root, "sagemaker-endpoint", '"ml.m5.large", count = 2', '"ml.m5.xlarge", count = 2', "fixed-model")
    root("apply", *QUIET, "-auto-approve", "-refresh=false", "-parallelism=50")
    (after,) = scaling.describe_scalable_targets(**scaled)["ScalableTargets"]
    assert after["CreationTime"] > before["CreationTime"]
    assert len(scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]) == 1
    assert changes(root) == {}


def test_notebook_stops_in_the_evening_and_a_second_time_leaves_a_refusal(root, aws):
    notebook = {"NotebookInstanceName": "speech-lab-notebook"}
    status = functools.partial(aws.client("sagemaker").describe_notebook_instance, **notebook)
    assert status()["NotebookInstanceStatus"] == "InService"
    aws.advance("24h")
    assert wait_for(lambda: status()["NotebookInstanceStatus"] == "Stopped", seconds=120)
    aws.advance("24h")
    queue = aws.client("sqs").get_queue_url(QueueName="speech-lab-notebook-evening")["QueueUrl"]
    kept = wait_for(lambda: aws.client("sqs").receive_message(QueueUrl=queue).get("Messages"), seconds=120)
    assert json.loads(kept[0]["Body"]) == notebook
