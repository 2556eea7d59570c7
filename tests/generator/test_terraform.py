"""The adapter on a real Terraform, with its built-in provider: nothing is downloaded and no cloud is asked."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cookiecutter_mlops import terraform
from cookiecutter_mlops.errors import MlopsError
from tests.localaws.conftest import wait_for

pytestmark = pytest.mark.filterwarnings("ignore:The 'warn' method:DeprecationWarning")  # python-terraform's own
ROOT = """
variable "words" {
  type = list(string)
}
resource "terraform_data" "this" {
  input = { words = var.words, zip = filesha256("${path.module}/../functions/invoke.zip") }
}
output "words" {
  value = terraform_data.this.output.words
}
"""
SLOW = """
resource "terraform_data" "slow" {
  count = 3
  provisioner "local-exec" {
    command = "touch ${path.module}/begun; exec sleep 60"
  }
}
"""
AWKWARD = ["it's", 'a "word"', "with spaces", "${not.evaluated}"]


@pytest.fixture
def project(tmp_path) -> Path:
    for folder in ("terraform", "functions"):
        (tmp_path / folder).mkdir()
    (tmp_path / "terraform" / "main.tf").write_text(ROOT)
    (tmp_path / "terraform" / "terraform.auto.tfvars.json").write_text(json.dumps({"words": AWKWARD}))
    (tmp_path / "functions" / "invoke.zip").write_bytes(b"zip")
    return tmp_path


@pytest.mark.parametrize("embedded", [False, True], ids=["aws", "embedded"])
def test_apply_output_plan_and_destroy_work_on_a_real_terraform(project, embedded):
    driven = terraform.Terraform(project, embedded=embedded)
    driven.validate()
    assert driven.plan() is True
    driven.apply()
    assert driven.output() == {"words": AWKWARD}
    assert driven.plan() is False
    driven.destroy()
    assert driven.output() == {}
    driven.destroy()


def test_saved_plan_is_what_is_applied(project, tmp_path):
    driven = terraform.Terraform(project)
    assert driven.plan(tmp_path / "saved") is True
    driven.apply(tmp_path / "saved")
    assert driven.output() == {"words": AWKWARD}


def test_embedded_run_leaves_the_project_s_terraform_folder_alone(project):
    before = sorted(path.name for path in (project / "terraform").iterdir())
    (project / "terraform" / "backend.tf").write_text('terraform {\n  backend "s3" {\n    bucket = "real"\n  }\n}\n')
    driven = terraform.Terraform(project, embedded=True)
    driven.apply()
    assert sorted(path.name for path in (project / "terraform").iterdir()) == ["backend.tf", *before]
    assert (project / ".mlops" / "local" / "terraform" / "terraform" / "terraform.tfstate").is_file()


def test_change_in_the_project_reaches_an_embedded_run(project):
    terraform.Terraform(project, embedded=True).apply()
    (project / "terraform" / "more.tf").write_text('output "more" {\n  value = 1\n}\n')
    (project / "terraform" / "terraform.auto.tfvars.json").write_text('{"words": ["other"]}')
    driven = terraform.Terraform(project, embedded=True)
    driven.apply()
    assert driven.output() == {"words": ["other"], "more": 1}


def test_mistake_in_the_configuration_is_told_in_terraform_s_words(project):
    (project / "terraform" / "main.tf").write_text("resource {\n")
    with pytest.raises(MlopsError, match=r"terraform init ended with exit code 1:[\s\S]*main\.tf"):
        terraform.Terraform(project).plan()


def test_interrupted_apply_says_what_it_does_and_ends_with_one_sentence(project):
    (project / ".mlops.json").write_text('{"answers": {}}')
    (project / "terraform" / "slow.tf").write_text(SLOW)
    environment = os.environ | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    command = [sys.executable, "-m", "cookiecutter_mlops", "apply"]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    applying = subprocess.Popen(command, cwd=project, env=environment, start_new_session=True, **pipes)
    begun = project / ".mlops" / "local" / "terraform" / "terraform" / "begun"
    assert wait_for(lambda: begun.exists() or applying.poll() is not None, seconds=120)
    os.killpg(applying.pid, signal.SIGINT)
    *doing, said = applying.communicate(timeout=60)[1].splitlines()
    assert doing == ["Getting Terraform's modules and providers …", "Planning …"]
    assert said == "Interrupted; run `mlops apply` again, it goes on."
    assert applying.returncode == 130


def test_missing_terraform_is_told_before_anything_is_written(project, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MlopsError, match=r"there is none on PATH; install Terraform 1\.9"):
        terraform.Terraform(project, embedded=True)
    assert not (project / ".mlops").exists()


def test_mirror_one_level_below_a_usual_place_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(terraform, "MIRROR_PARENTS", (str(tmp_path),))
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "none"))
    assert terraform.provider_mirror() is None
    (tmp_path / "plugins" / terraform.PROVIDER).mkdir(parents=True)
    assert terraform.provider_mirror() == str(tmp_path / "plugins")
    (tmp_path / "rc").write_text('provider_installation {\n  filesystem_mirror {\n    path = "/mine"\n  }\n}\n')
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "rc"))
    assert terraform.provider_mirror() is None


@pytest.mark.parametrize("embedded", [False, True], ids=["aws", "embedded"])
def test_state_moves_to_another_backend_with_what_it_holds(project, tmp_path, embedded):
    driven = terraform.Terraform(project, embedded=embedded)
    driven.apply()
    elsewhere = tmp_path / "elsewhere.tfstate"
    driven.move_state({"terraform": {"backend": {"local": {"path": str(elsewhere)}}}})
    assert json.loads(elsewhere.read_text())["resources"][0]["type"] == "terraform_data"
    again = terraform.Terraform(project, embedded=embedded)
    assert again.plan() is False
    assert (project / "terraform" / "backend.tf.json").exists() is not embedded


def test_state_that_cannot_be_moved_stays_where_it_was(project):
    driven = terraform.Terraform(project)
    driven.apply()
    with pytest.raises(MlopsError, match="terraform init ended with exit code 1"):
        driven.move_state({"terraform": {"backend": {"nowhere": {}}}})
    assert not (project / "terraform" / "backend.tf.json").exists()
    assert driven.plan() is False


def test_account_s_root_is_a_folder_of_its_own_on_the_embedded_aws(project):
    (project / "terraform" / "account").mkdir()
    (project / "terraform" / "account" / "main.tf").write_text(
        'output "words" {\n  value = jsondecode(file("${path.module}/../terraform.auto.tfvars.json")).words\n}\n'
    )
    terraform.Terraform(project, embedded=True).apply()
    account = terraform.Terraform(project, embedded=True, root="account")
    account.apply()
    assert account.output() == {"words": AWKWARD}
    assert [path.name for path in (project / "terraform" / "account").iterdir()] == ["main.tf"]
    assert terraform.Terraform(project, embedded=True).plan() is False
