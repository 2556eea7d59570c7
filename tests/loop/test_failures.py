"""What must not go live does not, the old model still answers, and the logs say why in their last lines."""

import hashlib
import io
import json
import tarfile

import pandas
import pytest

from cookiecutter_mlops import watch
from tests.loop.test_loop import WORKER

pytestmark = pytest.mark.xdist_group("released")  # one worker, one project


def last_lines(project, count: int = 25) -> str:
    return "\n".join(project.logs().rstrip().splitlines()[-count:])


def test_push_with_a_failing_test_stops_at_check(released):
    broken = released.path / "tests" / "test_broken.py"
    broken.write_text("def test_wages_are_negative():\n    assert 1 < 0\n")
    before = len(released.packages())
    released.run("git", "add", str(broken))
    released.run("git", "commit", "--quiet", "-m", "Break a test")
    try:
        assert released.train() == "Failed"
        assert released.stopped_at(released.outputs["train_pipeline"]) == "Check"
        assert len(released.packages()) == before
        assert "test_wages_are_negative" in last_lines(released)
    finally:
        put_back_the_last_good_commit(released)


def put_back_the_last_good_commit(project):
    """Push a commit that takes the last one back, without training on it: the other tests need working code."""
    codepipeline, name = project.client("codepipeline"), project.outputs["train_pipeline"]
    known = {e["pipelineExecutionId"] for e in watch.executions(codepipeline, name)}
    project.run("git", "revert", "--no-edit", "HEAD")
    project.push()
    execution = watch.next_execution(codepipeline, name, known)
    codepipeline.stop_pipeline_execution(
        pipelineName=name, pipelineExecutionId=execution, abandon=True, reason="The test is over."
    )
    watch.follow(codepipeline, name, execution)


def test_model_trained_on_shuffled_targets_is_rejected_and_cannot_be_released(released, salaries, tmp_path):
    table = pandas.read_excel(salaries, engine="calamine")
    table["wage"] = table["wage"].sample(frac=1, random_state=0).to_numpy()
    table.to_csv(tmp_path / "shuffled.csv", index=False)
    before = released.invoke_endpoint({"instances": [WORKER]})
    released.mlops("data", "push", str(tmp_path / "shuffled.csv"))
    assert released.train(push=False) == "Failed"
    assert released.stopped_at(released.outputs["train_pipeline"]) == "Train"
    package = released.packages()[0]
    assert package["ModelApprovalStatus"] == "Rejected"
    assert "baseline" in package["ApprovalDescription"]
    assert "baseline" in last_lines(released)
    version = str(package["ModelPackageVersion"])
    assert released.mlops("approve", "--version", version, ok=False).returncode != 0
    assert released.release(package["ModelPackageArn"]) == "Failed"
    decide = released.client("sagemaker").update_model_package
    decide(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Approved")  # past our own command
    assert released.release(package["ModelPackageArn"]) == "Failed"
    decide(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Rejected")
    assert released.invoke_endpoint({"instances": [WORKER]}) == before


def test_release_of_a_model_that_cannot_load_keeps_the_old_one_answering(released):
    good = next(p for p in released.packages() if p["ModelApprovalStatus"] == "Approved")
    container = dict(good["InferenceSpecification"]["Containers"][0])
    bucket, key = container["ModelDataUrl"].removeprefix("s3://").split("/", 1)
    s3 = released.client("s3")
    archive = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key="training/broken/model.tar.gz", Body=corrupt(archive))
    container["ModelDataUrl"] = f"s3://{bucket}/training/broken/model.tar.gz"
    before = released.invoke_endpoint({"instances": [WORKER]})
    broken = released.client("sagemaker").create_model_package(
        ModelPackageGroupName=released.outputs["model_package_group"],
        InferenceSpecification={
            "Containers": [{"Image": container["Image"], "ModelDataUrl": container["ModelDataUrl"]}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        ModelApprovalStatus="PendingManualApproval",
        CustomerMetadataProperties=good["CustomerMetadataProperties"],
    )["ModelPackageArn"]
    assert released.approve() == "Failed"
    assert released.stopped_at(released.outputs["release_pipeline"]) == "Deploy-prod"
    assert "manifest" in last_lines(released) or "sha256" in last_lines(released)
    assert released.invoke_endpoint({"instances": [WORKER]}) == before
    released.client("sagemaker").update_model_package(ModelPackageArn=broken, ModelApprovalStatus="Rejected")


def corrupt(archive: bytes) -> bytes:
    """Return the same model archive with one byte of every model file turned over."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as source, tarfile.open(fileobj=out, mode="w:gz") as target:
        for member in source.getmembers():
            content = source.extractfile(member).read() if member.isfile() else b""
            if member.name.endswith(".skops"):
                content = content[:-1] + bytes([content[-1] ^ 0xFF])
            target.addfile(member, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="wage"), ["wage"]),
        (lambda t: t.assign(education=float("nan")), ["education", "missing"]),
        (lambda t: t.assign(experience="ten years"), ["experience", "ten years"]),
        (lambda t: t.head(0), ["bad.csv"]),
    ],
    ids=["no-target", "all-missing", "text-for-numbers", "empty"],
)
def test_bad_data_is_refused_with_one_sentence_and_registers_nothing(released, salaries, tmp_path, change, words):
    table = pandas.read_excel(salaries, engine="calamine").head(500)
    change(table).to_csv(tmp_path / "bad.csv", index=False)
    before = len(released.packages())
    refused = released.mlops("data", "push", str(tmp_path / "bad.csv"), ok=False)
    assert refused.returncode != 0
    message = (refused.stdout + refused.stderr).strip()
    assert "Traceback" not in message
    assert all(word in message for word in ["bad.csv", *words]), message
    assert len(released.packages()) == before


def test_missing_file_is_refused_with_its_name(released):
    refused = released.mlops("data", "push", "nowhere.xlsx", ok=False)
    assert refused.returncode != 0
    assert "nowhere.xlsx" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_bad_snapshot_that_nobody_checked_fails_the_training_and_registers_nothing(released, salaries, tmp_path):
    """Somebody wrote into the bucket past `mlops data push`; the job reads the data by the same rules."""
    table = pandas.read_excel(salaries, engine="calamine").head(500).assign(experience="ten years")
    content = table.to_csv(index=False).encode()
    file = {"name": "bad.csv", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    prefix, s3 = "snapshots/99990101T000000Z-00000000", released.client("s3")
    bucket = released.outputs["data_bucket"]
    version = s3.put_object(Bucket=bucket, Key=f"{prefix}/bad.csv", Body=content)["VersionId"]
    manifest = {"version": prefix.partition("/")[2], "files": [file | {"version_id": version}], "rows": 500}
    s3.put_object(Bucket=bucket, Key=f"{prefix}/manifest.json", Body=json.dumps(manifest | {"sample": False}))
    before = len(released.packages())
    try:
        assert released.train(push=False) == "Failed"
        assert released.stopped_at(released.outputs["train_pipeline"]) == "Train"
        assert len(released.packages()) == before
        said = last_lines(released)
        assert all(word in said for word in ("bad.csv", "experience", "ten years")), said
    finally:
        for name in ("manifest.json", "bad.csv"):
            s3.delete_object(Bucket=bucket, Key=f"{prefix}/{name}")
