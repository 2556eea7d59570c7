"""A project appears whole and committed, or not at all."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from cookiecutter_mlops import scaffold
from cookiecutter_mlops.errors import MlopsError

GIVEN = {"project_name": "Salary Prediction"}


def git(project: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=project, check=True, capture_output=True, text=True).stdout.strip()


def test_new_project_is_one_clean_commit_on_main(tmp_path):
    project = scaffold.create(GIVEN, tmp_path)
    assert project == tmp_path / "salary-prediction"
    assert git(project, "rev-parse", "--abbrev-ref", "HEAD") == "main"
    assert git(project, "rev-list", "--count", "HEAD") == "1"
    assert git(project, "status", "--porcelain", "--ignored") == ""
    assert [path.name for path in tmp_path.iterdir()] == ["salary-prediction"]


def test_commit_without_a_git_identity_is_the_owner_s(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    project = scaffold.create({**GIVEN, "owner_email": "team@example.org"}, tmp_path / "out")
    assert git(project, "log", "--format=%ae") == "team@example.org"


def test_two_projects_from_the_same_answers_are_equal(tmp_path):
    first, second = (scaffold.create(GIVEN, tmp_path / name) for name in "ab")
    assert git(first, "rev-parse", "HEAD^{tree}") == git(second, "rev-parse", "HEAD^{tree}")


def test_empty_target_folder_is_used(tmp_path):
    (tmp_path / "salary-prediction").mkdir()
    assert (scaffold.create(GIVEN, tmp_path) / ".mlops.json").is_file()


@pytest.mark.parametrize("kind", ["full folder", "file", "link"])
def test_existing_target_is_refused_and_left_alone(tmp_path, kind):
    target, elsewhere = tmp_path / "salary-prediction", tmp_path / "elsewhere"
    elsewhere.mkdir()
    if kind == "full folder":
        target.mkdir()
        (target / "mine").touch()
    elif kind == "file":
        target.touch()
    else:
        target.symlink_to(elsewhere)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(MlopsError, match="choose another"):
        scaffold.create(GIVEN, tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("error", [MlopsError("no"), KeyboardInterrupt()])
def test_interrupted_generation_leaves_nothing_behind(tmp_path, error):
    def finish(project):
        raise error

    with pytest.raises(type(error)):
        scaffold.create(GIVEN, tmp_path / "deep" / "er", finish)
    assert list(tmp_path.iterdir()) == []


def test_folder_without_write_permission_gets_a_sentence(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(MlopsError, match="cannot write here"):
        scaffold.create(GIVEN, tmp_path / "x")


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("description", "{{ cycler.__init__.__globals__.os.popen('touch owned').read() }}"),
        ("project_name", "{% raw %}"),
        ("project_slug", "../escaped"),
        ("owner_email", "{# #}@example.com"),
    ],
)
def test_hostile_answer_is_refused_before_the_template_sees_it(tmp_path, monkeypatch, answer, value):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MlopsError, match=answer):
        scaffold.create({**GIVEN, answer: value}, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    ['"quoted" and \\back', "l'été à 5 %", '"""triple"""', '${file("/etc/hostname")}', "a & b < c", "<!-- x -->"],
)
def test_awkward_description_survives_as_data(tmp_path, text):
    project = scaffold.create({**GIVEN, "description": text}, tmp_path)
    settings = json.loads((project / "terraform" / "terraform.auto.tfvars.json").read_text())
    assert settings["description"] == text
    assert json.loads((project / ".mlops.json").read_text())["answers"]["description"] == text


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Salary Prediction", "salary-prediction"),
        ("Prédiction des salaires annuels", "prediction-des"),
        ("Call Centre: Conversation Analytics", "call-centre"),
    ],
)
def test_slug_is_made_from_whole_words_of_the_name(name, slug):
    assert scaffold.complete({"project_name": name})["project_slug"] == slug
