"""Each module by itself: format, documentation, and its own `terraform test`, which needs no AWS."""

import re
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
    long = {path.name: lines for path in (MODULES / name).glob("*.tf") if (lines := len(path.open().readlines())) > 200}
    assert long == {}


@pytest.mark.parametrize("name", NAMES)
def test_every_validation_names_its_variable_and_has_a_test_that_it_refuses(name):
    tests = "".join(file.read_text() for file in (MODULES / name / "tests").glob("*.tftest.hcl"))
    for variable, body in tables.blocks(MODULES / name, "variable"):
        sentences = re.findall(r'error_message = "(\w+): ', body)
        assert sentences == [variable] * body.count("validation {"), variable
        assert len(re.findall(rf"expect_failures = \[.*\bvar\.{variable}\b", tests)) >= len(sentences), variable


@pytest.mark.parametrize("name", NAMES)
def test_variable_is_typed_and_null_only_where_null_means_something(name):
    for variable, body in tables.blocks(MODULES / name, "variable"):
        assert re.search(r"^  type +=", body, re.MULTILINE), variable
        nullable = "nullable    = false" not in body and "nullable = false" not in body
        assert nullable <= (tables.default(body) == "`null`" or "Null" in tables.description(body)), variable


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


# What version 6 of the provider deprecates, as patterns of HCL; docs/terraform.md says what to write instead.
DEPRECATED = {
    "data.aws_region: name": r"data\.aws_region\.\w+(?:\[[^]]*\])?\.name\b",
    "aws_s3_bucket: settings inside": (
        r"resource \"aws_s3_bucket\" [^{]*\{[^}]*\b(?:acl|versioning|logging|lifecycle_rule|policy)\b *[={]"
    ),
    "aws_codestarconnections_connection": r"\baws_codestarconnections_",
    "aws_flow_log: log_group_name": r"\blog_group_name +=",
    "aws_eip: vpc": r"resource \"aws_eip\" [^{]*\{[^}]*\bvpc +=",
    "aws_iam_role: inline or managed policies": r"\b(?:inline_policy *\{|managed_policy_arns +=)",
    "aws_cloudwatch_event_rule: is_enabled": r"\bis_enabled +=",
    "services that AWS closed": r"\baws_(?:opsworks|simpledb|worklink|elastictranscoder)_",
}
TEMPLATE = MODULES.parent / "cookiecutter-mlops" / "{{cookiecutter.project_slug}}" / "terraform"


@pytest.mark.parametrize("pattern", DEPRECATED.values(), ids=DEPRECATED)
def test_nothing_that_the_next_provider_deprecates_is_used(pattern):
    files = [*MODULES.rglob("*.tf"), *TEMPLATE.rglob("*.tf")]
    found = [file.relative_to(MODULES.parent) for file in files if re.search(pattern, file.read_text(), re.DOTALL)]
    assert found == []


def test_families_without_a_volume_key_are_those_of_the_project():
    launch = (TEMPLATE.parent / "functions" / "launch" / "aws.py").read_text()
    families = set(re.findall(r'"(\w+)"', re.search(r"NVME = \{(.*?)\}", launch, re.DOTALL).group(1)))
    denied = (MODULES / "sagemaker-training" / "jobs.tf").read_text()
    assert set(re.findall(r'"(\w+)"', re.search(r"for family in \[(.*?)\]", denied, re.DOTALL).group(1))) == families
