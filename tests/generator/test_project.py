"""Commands inside a project: they find it, and run its own scripts with its own interpreter."""

import json
import os
import sys
from pathlib import Path

import pytest

from cookiecutter_mlops import environments, project
from cookiecutter_mlops.errors import MlopsError

SCRIPT = """
import json, os, sys
names = ("MLOPS_PROJECT", "AWS_REGION", "AWS_DEFAULT_REGION")
seen = {"arguments": sys.argv[1:], "cwd": os.getcwd(), **{name: os.environ[name] for name in names}}
json.dump(seen, open("seen", "w"))
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.delenv("AWS_REGION", raising=False)
    folder = tmp_path / "salaries"
    for name in ("terraform", "pipelines", "requirements", ".venv/bin"):
        (folder / name).mkdir(parents=True)
    (folder / ".mlops.json").write_text("{}")
    settings = {"project_slug": "salaries", "region": "eu-north-1"}
    (folder / "terraform" / "terraform.auto.tfvars.json").write_text(json.dumps(settings))
    (folder / "pipelines" / "script.py").write_text(SCRIPT)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (folder / ".venv" / "installed").touch()
    return folder


def test_project_is_found_from_below_it(folder):
    assert project.find(folder / "terraform").path == folder


def test_script_runs_in_the_project_with_its_name_and_region(folder):
    project.Project(folder).run_module("pipelines.script", "0", "two words")
    assert json.loads((folder / "seen").read_text()) == {
        "arguments": ["0", "two words"],
        "cwd": str(folder),
        "MLOPS_PROJECT": "salaries",
        "AWS_REGION": "eu-north-1",
        "AWS_DEFAULT_REGION": "eu-north-1",
    }


def test_region_of_the_environment_is_left_alone(folder, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    project.Project(folder).run_module("pipelines.script", "0")
    assert json.loads((folder / "seen").read_text())["AWS_REGION"] == "eu-west-1"


def test_exit_code_of_a_script_is_that_of_the_command(folder):
    with pytest.raises(SystemExit) as ended:
        project.Project(folder).run_module("pipelines.script", "3")
    assert ended.value.code == 3


def test_environment_whose_installation_has_not_ended_is_not_used(folder, monkeypatch):
    monkeypatch.setattr(project, "for_scripts", lambda path, log: path / "shared")
    assert project.Project(folder).python() == folder / ".venv" / "bin" / "python"
    (folder / ".venv" / "installed").unlink()
    assert project.Project(folder).python() == folder / "shared"


def test_broken_settings_get_a_sentence(folder):
    (folder / "terraform" / "terraform.auto.tfvars.json").write_text("{")
    with pytest.raises(MlopsError, match=r"terraform\.auto\.tfvars\.json: this file must be there and hold JSON"):
        project.Project(folder).run_module("pipelines.script", "0")


@pytest.mark.parametrize(
    ("address", "embedded"),
    [
        ("http://127.0.0.1:5000", True),
        ("http://localhost:5000", True),
        ("", False),
        ("https://sagemaker.eu-west-1.amazonaws.com", False),
        ("https://127.0.0.1.example.com", False),
    ],
)
def test_embedded_aws_is_told_by_its_address(address, embedded, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    assert project.embedded() is embedded


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "There are no AWS credentials here; for the embedded AWS type `mlops local up` and"),
        ({"AWS_PROFILE": "nobody"}, r"AWS credentials: The config profile \(nobody\) could not be found"),
    ],
    ids=["none", "no-such-profile"],
)
def test_nobody_to_speak_to_is_told_before_anything_is_done(folder, monkeypatch, variables, said):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    without = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_CONFIG_FILE": "none"}
    for name, value in (without | variables).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    with pytest.raises(MlopsError, match=said):
        project.current()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    assert project.current().path == folder


def test_environment_is_made_once_per_content_of_the_requirements(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_ENVIRONMENTS", str(tmp_path / "environments"))
    (folder / "requirements" / "dev.txt").write_text("")
    said: list[str] = []
    first = environments.environment(folder, said.append)
    assert first.exists() and len(said) == 1
    assert environments.environment(folder, said.append) == first
    assert len(said) == 1
    (first.parents[1] / "complete").unlink()  # as if its installation had been interrupted
    assert environments.environment(folder, said.append) == first
    assert len(said) == 2


def test_scripts_need_a_small_environment_only_until_the_whole_one_is_there(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_ENVIRONMENTS", str(tmp_path / "environments"))
    installed: list[str] = []

    def install(command: list[str], cwd: Path) -> None:
        installed.append(command[-1])
        if "venv" in command:
            Path(command[-1]).mkdir(parents=True)

    monkeypatch.setattr(environments, "_run", install)
    for name in ("dev.txt", "model.txt", "pipelines.txt"):
        (folder / "requirements" / name).write_text("")
    small = environments.for_scripts(folder)
    (folder / "requirements" / "model.txt").write_text("torch")
    assert environments.for_scripts(folder) == small
    whole = environments.environment(folder)
    assert environments.for_scripts(folder) == whole != small
    assert [line for line in installed if line.endswith(".txt")] == [
        "requirements/pipelines.txt",
        "requirements/dev.txt",
    ]


def test_requirements_that_cannot_be_installed_leave_no_complete_environment(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_ENVIRONMENTS", str(tmp_path / "environments"))
    (folder / "requirements" / "dev.txt").write_text("./there-is-no-such-package\n")
    with pytest.raises(MlopsError, match="requirements could not be installed"):
        environments.environment(folder, lambda line: None)
    assert not list((tmp_path / "environments").rglob("complete"))


def test_folder_without_requirements_is_not_a_project(tmp_path):
    with pytest.raises(MlopsError, match=r"no requirements/dev\.txt here"):
        environments.environment(tmp_path)
