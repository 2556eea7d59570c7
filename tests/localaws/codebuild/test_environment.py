"""What a build knows: variables of AWS, of its project and of its start, and nothing of this machine."""

import shutil
import uuid
from pathlib import Path

import pytest

from cookiecutter_mlops import environments
from cookiecutter_mlops.localaws import confinement, runtime
from cookiecutter_mlops.localaws.codebuild import buildspec, environment, role
from cookiecutter_mlops.localaws.codebuild.build import Build
from tests.localaws.codebuild.conftest import ENVIRONMENT, phases, printed, spec
from tests.localaws.conftest import ACCOUNT, REGION


def test_build_has_the_variables_of_aws_and_no_others(build):
    ended, lines = build(spec(build={"commands": ["env", "docker --version || true"]}))
    seen = dict(line.split("=", 1) for line in printed(lines) if "=" in line)
    assert seen["CODEBUILD_BUILD_ID"] == ended["id"]
    assert seen["CODEBUILD_BUILD_NUMBER"] == "1"
    assert seen["AWS_REGION"] == REGION
    assert seen["AWS_ACCESS_KEY_ID"].startswith("ASIA")  # a session of its role, never a person's
    assert seen["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert "PYTEST_CURRENT_TEST" not in seen


def test_variables_come_from_project_start_and_parameter_store(aws, build, name):
    aws.client("ssm").put_parameter(Name=f"/{name}/colour", Value="red", Type="SecureString")
    project = ENVIRONMENT | {
        "environmentVariables": [{"name": "A", "value": "project"}, {"name": "B", "value": "project"}]
    }
    start = {"environmentVariablesOverride": [{"name": "B", "value": "start"}]}
    buildspec = f"""
version: 0.2
env: {{variables: {{A: spec, C: spec}}, parameter-store: {{COLOUR: /{name}/colour}}}}
phases: {{build: {{commands: ["echo $A $B $C $COLOUR"]}}}}
"""
    _, lines = build(buildspec, start, environment=project)
    assert printed(lines) == ["project start spec red"]


def test_missing_parameter_is_named(build, name):
    buildspec = (
        f"version: 0.2\nenv: {{parameter-store: {{COLOUR: /{name}/none}}}}\nphases: {{build: {{commands: [env]}}}}"
    )
    ended, lines = build(buildspec)
    assert phases(ended)["DOWNLOAD_SOURCE"] == "FAILED"
    assert any(f"COLOUR: '/{name}/none' cannot be read" in line for line in lines)


def test_build_finds_its_projects_python_and_the_stand_in_for_docker_first(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "environment", lambda source, log: tmp_path / "venv" / "bin" / "python")
    monkeypatch.setenv("AWS_PROFILE", "company")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    monkeypatch.setattr(runtime, "_SETTINGS", {"home": tmp_path / "home", "endpoint": "http://127.0.0.1:1"})
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").touch()
    project = {"name": "p", "arn": "arn", "source": {}, "environment": ENVIRONMENT, "encryptionKey": "key"}
    started = Build(ACCOUNT, REGION, project | {"serviceRole": "arn:aws:iam::1:role/r"}, 1, "test", "abc")
    role.provision(started)
    seen = environment.variables(started, buildspec.parse(spec(build={}), "test"), tmp_path)
    assert seen["PATH"].split(":")[:2] == [str(tmp_path / "venv" / "bin"), str(tmp_path / "home" / "bin")]
    assert seen["CODEBUILD_RESOLVED_SOURCE_VERSION"] == "abc"
    assert seen["MLOPS_BUILD_PYTHON"] == str(tmp_path / "venv" / "bin" / "python")
    assert "AWS_PROFILE" not in seen
    assert seen["AWS_SESSION_TOKEN"] != "secret"
    assert (tmp_path / "home" / "bin" / "docker").stat().st_mode & 0o111


@pytest.mark.skipif(not confinement.version(), reason="this kernel has no Landlock")
def test_build_writes_nothing_elsewhere(build):
    folder = Path("/var/tmp") / f"elsewhere-{uuid.uuid4().hex[:8]}"  # not among the temporary ones
    folder.mkdir()
    mine = ["echo yes > here", "mktemp", "git config --global user.name builder", "git config --global user.name"]
    try:
        ended, log = build(spec(build={"commands": [*mine, f"echo no > {folder}/file"]}))
        assert (ended["buildStatus"], "builder" in printed(log)) == ("FAILED", True), log
        assert any("ermission denied" in line for line in printed(log)), log
        assert not list(folder.iterdir())
    finally:
        shutil.rmtree(folder)
