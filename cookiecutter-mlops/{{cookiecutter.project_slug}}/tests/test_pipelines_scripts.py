"""The other scripts: snapshots are whole or absent, verification is strict, errors say why."""

import io
import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_aws import AwsError, FakeAws, objects, parameters, sequence
from specs import ASYNCHRONOUS, endpoint_spec, package, registry
from test_pipelines_register import archive

from pipelines import audit, endpoint, packages, project, verify
from pipelines import package as images
from pipelines.project import PipelineError

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted(
    path.stem for path in (ROOT / "pipelines").glob("*.py") if 'if __name__ == "__main__"' in path.read_text()
)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.filterwarnings("ignore:.*found in sys.modules")
def test_script_explains_itself(script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.argv", [script, "--help"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module(f"pipelines.{script}", run_name="__main__")
    assert (stop.value.code, capsys.readouterr().out[:6]) == (0, "usage:")


def test_user_error_is_one_sentence_and_exit_code_1(capsys: pytest.CaptureFixture[str]):
    def main() -> None:
        raise PipelineError("name: rule, for example this")

    with pytest.raises(SystemExit) as stop:
        project.command(main)
    assert stop.value.code == "error: name: rule, for example this"


def test_reader_who_has_seen_enough_ends_a_script_without_a_traceback():
    """As `mlops status | head -1` does."""
    script = "from pipelines import project; project.command(lambda: print('line\\n' * 100_000))"
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, **pipe) as process:
        assert process.stdout.readline() == b"line\n"
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (0, b"")


def test_missing_spec_says_what_to_do(aws: FakeAws):
    aws.on(GetParameter=parameters({}))
    with pytest.raises(PipelineError, match="nothing is applied yet"):
        project.training_spec()


@pytest.mark.parametrize(
    ("url", "expected"),
    [("", False), ("http://127.0.0.1:5000", True), ("http://localhost:1", True), ("https://s3.amazonaws.com", False)],
)
def test_embedded_is_on_this_machine_only(monkeypatch: pytest.MonkeyPatch, url: str, expected: bool):
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert project.embedded() is expected


def test_exported_variables_survive_a_shell(tmp_path: Path):
    text = "version 3, it's $HOME `mae`"
    project.export(tmp_path / "release.env", {"RELEASE": text})
    shown = subprocess.run(["sh", "-c", '. ./release.env; printf %s "$RELEASE"'], cwd=tmp_path, capture_output=True)
    assert shown.stdout.decode() == text


def test_image_of_the_commit_is_not_built_again(aws: FakeAws, monkeypatch: pytest.MonkeyPatch):
    built: list[str] = []
    monkeypatch.setattr(images, "build", lambda image, target: built.append(target))
    there = {"imageDetails": [{"imageDigest": "sha256:1"}]}
    aws.on(DescribeImages=sequence(there, AwsError("ImageNotFoundException"), there))
    assert images.package("wages", "registry/wages", "1a2b") == {
        "TRAIN_IMAGE": "registry/wages@sha256:1",
        "SERVE_IMAGE": "registry/wages@sha256:1",
    }
    assert built == ["serve"]


PACKAGE = package()
LIVE = {
    "endpoint_config": "config",
    "model_data_url": "s3://wages-models/model.tar.gz",
    "model_package_arn": PACKAGE["ModelPackageArn"],
}
SAMPLES = [{"request": {"instances": [{}]}, "response": {"predictions": [7.0]}}]


@pytest.fixture
def serving(aws: FakeAws) -> FakeAws:
    """An endpoint that answers as recorded and refuses nonsense."""
    aws.on(DescribeEndpoint={"EndpointStatus": "InService", "EndpointConfigName": "config"})
    running_as(aws, endpoint_spec())
    aws.on(GetObject=objects({"model.tar.gz": archive({"samples.json": SAMPLES})}), InvokeEndpoint=answer(7.0))
    return aws


def running_as(aws: FakeAws, spec: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let the model and the configuration be those of a spec, with what AWS adds; both may be changed."""
    aws.on(**registry(PACKAGE))
    found = packages.describe(PACKAGE["ModelPackageArn"])
    model = endpoint.model_request(spec, found, "config") | {"CreationTime": 0}
    config = endpoint.config_request(spec, "config") | {"CreationTime": 0}
    config["ProductionVariants"][0] |= {"InitialVariantWeight": 1.0}
    del model["Tags"], config["Tags"]
    aws.on(DescribeModel=model, DescribeEndpointConfig=config)
    return model, config


def test_verify_refuses_a_configuration_that_nobody_asked_for(serving: FakeAws):
    model, config = running_as(serving, endpoint_spec())
    model["PrimaryContainer"]["Image"] = "repository@sha256:other"
    config["ProductionVariants"][0]["InstanceType"] = "ml.m5.large"
    with pytest.raises(PipelineError, match=r"PrimaryContainer\.Image is 'repository@sha256:other', wanted was"):
        verify.verify(endpoint_spec(), LIVE)
    running_as(serving, endpoint_spec(instance_type="ml.c5.large"))
    with pytest.raises(
        PipelineError, match=r"ProductionVariants\[0\].InstanceType is 'ml.c5.large', wanted was 'ml.m5"
    ):
        verify.verify(endpoint_spec(), LIVE)


def answer(prediction: float, status: int = 400) -> Any:
    def invoke(request: dict[str, Any]) -> dict[str, Any]:
        if json.loads(request["Body"]) == verify.NONSENSE:
            raise AwsError("ModelError", OriginalStatusCode=status, OriginalMessage="instances: must be a list")
        return {"Body": io.BytesIO(json.dumps({"predictions": [prediction]}).encode())}

    return invoke


def test_verify_accepts_what_was_recorded(serving: FakeAws, capsys: pytest.CaptureFixture[str]):
    verify.verify(endpoint_spec(), LIVE)
    told = capsys.readouterr().out
    assert "config runs as it was asked for" in told
    assert "1 recorded answers are the same" in told


@pytest.mark.parametrize(
    ("invoke", "live", "budget", "reason"),
    [
        (answer(8.0), LIVE, 60_000, r"answered .*8\.0.* in training it was .*7\.0"),
        (answer(7.0, status=500), LIVE, 60_000, "must get a 4xx"),
        (answer(7.0), LIVE | {"endpoint_config": "other"}, 60_000, "but other was released"),
        (answer(7.0), LIVE, 0, "latency_ms in terraform allows 0 ms"),
    ],
    ids=["other-answer", "bad-manners", "other-config", "slow"],
)
def test_verify_refuses(serving: FakeAws, invoke: Any, live: dict[str, Any], budget: float, reason: str):
    serving.on(InvokeEndpoint=invoke)
    with pytest.raises(PipelineError, match=reason):
        verify.verify(endpoint_spec(latency_ms=budget), live)


def asynchronous(serving: FakeAws, refusal: bytes) -> None:
    """Two requests: the first is answered, the second refused."""
    results = {
        "model.tar.gz": archive({"samples.json": SAMPLES}),
        "out/1": b'{"predictions": [7.0]}',
        "failed/2": refusal,
    }
    places = [{"OutputLocation": f"s3://b/out/{n}", "FailureLocation": f"s3://b/failed/{n}"} for n in (1, 2)]
    serving.on(GetObject=objects(results), PutObject={}, InvokeEndpointAsync=sequence(*places))
    running_as(serving, endpoint_spec(**ASYNCHRONOUS))


@pytest.mark.parametrize("refusal", [b'{"error": "bad"}', b"Received client error (400) from primary"])
def test_verify_waits_for_asynchronous_answers(serving: FakeAws, refusal: bytes):
    asynchronous(serving, refusal)
    verify.verify(endpoint_spec(**ASYNCHRONOUS, latency_ms=0), LIVE)
    assert len(serving.called("InvokeEndpointAsync")) == 2


def test_verify_refuses_an_asynchronous_model_that_breaks_on_nonsense(serving: FakeAws):
    asynchronous(serving, b"Received server error (500) from primary")
    with pytest.raises(PipelineError, match="must get a 4xx"):
        verify.verify(endpoint_spec(**ASYNCHRONOUS), LIVE)


def test_audit_without_advisories_passes_on_the_embedded_aws_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(audit, "reachable", lambda: False)
    monkeypatch.setattr("sys.argv", ["audit"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    audit.main()
    assert capsys.readouterr().out == "not audited: offline\n"
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with pytest.raises(PipelineError, match="advisories"):
        audit.main()


def test_private_package_index_reaches_the_image_build_as_a_secret(monkeypatch: pytest.MonkeyPatch):
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(images, "docker", lambda *arguments: ran.append(arguments))
    images.build("repository:train-1", "train")
    monkeypatch.setenv("CODEARTIFACT_DOMAIN", "acme")
    images.build("repository:train-1", "train")
    assert ran[2][5:7] == ("--secret", f"id=pip,src={images.PIP_CONFIG}")
    assert [part for part in ran[2] if part not in ran[0]] == list(ran[2][5:7])
