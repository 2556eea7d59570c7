"""Each module by itself: format, documentation, and its own `terraform test`, which needs no AWS."""

import re
import shutil
import subprocess

import pytest

from tests.terraform import tables
from tests.terraform.conftest import MODULES, Root

NAMES = [module.name for module in tables.modules()]
FILES = {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"}


def test_every_module_is_formatted():
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", str(MODULES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_module_is_complete(name):
    module = MODULES / name
    assert {path.name for path in module.iterdir()} >= FILES
    assert (module / "examples" / "complete" / "main.tf").is_file()
    assert list((module / "tests").glob("*.tftest.hcl"))


@pytest.mark.parametrize("name", NAMES)
def test_readme_has_the_tables_of_today(name):
    assert (MODULES / name / "README.md").read_text() == tables.document(MODULES / name), (
        "run: python tests/terraform/tables.py"
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["variable", "output"])
def test_block_is_described(name, kind):
    undescribed = [block for block, body in tables.blocks(MODULES / name, kind) if not tables.description(body)]
    assert undescribed == []


@pytest.mark.parametrize("name", NAMES)
def test_module_has_few_variables_and_short_files(name):
    assert len(list(tables.blocks(MODULES / name, "variable"))) <= 15
    long = {path.name: lines for path in (MODULES / name).glob("*.tf") if (lines := len(path.open().readlines())) > 250}
    assert long == {}


@pytest.mark.parametrize("name", NAMES)
def test_module_names_no_partition(name):
    """`arn:aws:` holds in one partition only; China and GovCloud have their own."""
    literal = [path.name for path in (MODULES / name).glob("*.tf") if re.search(r"arn:aws[:-]", path.read_text())]
    assert literal == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_module_keeps_its_promises(name, tmp_path):
    root = Root(MODULES / name, {"TF_DATA_DIR": str(tmp_path)})
    try:
        tested = root.init()("test", "-no-color").stdout
    finally:
        (MODULES / name / ".terraform.lock.hcl").unlink(missing_ok=True)
    passed, failed = map(int, re.search(r"(\d+) passed, (\d+) failed", tested).groups())
    assert passed > 1
    assert failed == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_complete_example_can_be_planned(name, tmp_path, on_embedded_aws):
    copied = shutil.copytree(MODULES, tmp_path / "modules", ignore=shutil.ignore_patterns(".terraform*"))
    planned = on_embedded_aws(copied / name / "examples" / "complete")("plan", "-input=false", "-no-color")
    assert "0 to change, 0 to destroy" in planned.stdout
