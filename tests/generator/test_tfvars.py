"""Misspelt keys and wrong values are told before Terraform runs, which converts and validates them here, too."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cookiecutter_mlops import cli, scaffold, tfvars
from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.project import Project


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Project:
    """A project with every block of settings."""
    given = {"project_name": "Wages", "stages": "staging+prod", "network": "new", "notebook": "yes"}
    return Project(scaffold.create(given, tmp_path_factory.mktemp("made")))


@pytest.fixture
def project(made):
    file: Path = made.path / "terraform" / tfvars.FILE
    before = file.read_text()
    yield made
    file.write_text(before)


def change(project: Project, **settings: object) -> None:
    (project.path / "terraform" / tfvars.FILE).write_text(json.dumps(project.settings | settings))


def test_settings_of_a_new_project_are_all_known(project):
    tags = {"any-key": "of a map"}
    alarms = {"custom": {"namespace": "A", "metric": "b", "dimensions": {"C": "d"}, "threshold": 1}}
    change(project, tags=tags, endpoint=project.settings["endpoint"] | {"alarms": alarms})
    tfvars.check(project)


MISSPELT = {
    "a-variable": ({"monitorring": {}}, "there is no monitorring; did you mean 'monitoring'?"),
    "in-an-object": (
        {"endpoint": {"kind": "real-time", "instance_cont": 3}},
        "there is no endpoint.instance_cont; did you mean 'instance_count'?",
    ),
    "deeper": (
        {"endpoint": {"kind": "real-time", "alarms": {"error_procent": 3}}},
        "there is no endpoint.alarms.error_procent; did you mean 'error_percent'?",
    ),
}


@pytest.mark.parametrize(("settings", "sentence"), MISSPELT.values(), ids=MISSPELT)
def test_misspelt_setting_is_refused_with_the_right_one(project, settings, sentence):
    change(project, **settings)
    with pytest.raises(MlopsError) as refused:
        tfvars.check(project)
    assert refused.value.message == f"terraform.auto.tfvars.json: {sentence}"


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_misspelt_setting_ends_a_command_before_terraform_begins(project, command, monkeypatch):
    monkeypatch.chdir(project.path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # which nobody asks
    change(project, monitorring={})
    done = CliRunner().invoke(cli.main, [command])
    assert (done.exit_code, "there is no monitorring" in done.output) == (1, True)
    assert not (project.path / ".mlops").exists()


def test_all_wrong_keys_and_values_are_told_at_once(project):
    endpoint = {"kind": "real-time", "instance_cont": 3}
    change(project, stages=["test"], monitorring={}, endpoint=endpoint, training=3, model_approval="maybe")
    with pytest.raises(MlopsError) as refused:
        tfvars.check(project)
    assert sorted(line.removeprefix("terraform.auto.tfvars.json: ") for line in refused.value.message.splitlines()) == [
        "model_approval: use manual or automatic (got: maybe).",
        'stages: use ["prod"] or ["staging", "prod"] (got: ["test"]).',
        "there is no endpoint.instance_cont; did you mean 'instance_count'?",
        "there is no monitorring; did you mean 'monitoring'?",
        "training: object required (got: 3).",
    ]


def test_value_that_another_file_of_the_team_mends_is_right(project):
    change(project, model_approval="maybe")
    later = project.path / "terraform" / "zz.auto.tfvars"
    later.write_text('model_approval = "manual"\n')
    tfvars.check(project)
    later.unlink()


def test_variable_of_the_team_s_own_file_is_known(project):
    own = project.path / "terraform" / "own.tf"
    own.write_text('variable "short" { type = object({ a = string }) }\nlocals {\n  b = 1\n}\n')
    change(project, short={"a": "1", "b": "2"})
    with pytest.raises(MlopsError, match=r"there is no short\.b; choose from a"):
        tfvars.check(project)
    change(project, short={"a": "1"})
    tfvars.check(project)
    own.unlink()


def test_setting_that_is_missing_is_left_to_terraform(project):
    settings = project.settings
    del settings["endpoint"]
    (project.path / "terraform" / tfvars.FILE).write_text(json.dumps(settings))
    tfvars.check(project)
