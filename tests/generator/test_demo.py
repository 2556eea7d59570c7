"""What the demo reads out of Terraform's output and out of a project."""

import csv
import json
import subprocess
import sys

from cookiecutter_mlops import demo

OUTPUT = """
module.key.aws_kms_key.this: Creation complete after 8s [id=1]
module.bucket["data"].aws_s3_bucket.this: Creation complete after 2s [id=data]
module.bucket["data"].aws_s3_bucket_lifecycle_configuration.this: Still creating... [50s elapsed]
module.bucket["data"].aws_s3_bucket_lifecycle_configuration.this: Creation complete after 1m5s [id=data]
"""


def test_waits_of_the_provider_are_told_apart_from_work():
    assert demo.applied(OUTPUT) == {"resources": 3, "provider_waits_seconds": 63}


def test_apply_without_changes_has_no_waits():
    assert demo.applied("No changes.") == {"resources": 0, "provider_waits_seconds": 0}


def test_first_row_is_a_request_with_typed_values_and_no_target(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "project.toml").write_text(
        '[problem]\ntarget = "wage"\n'
        + "".join(f'[[columns]]\nname = "{n}"\ntype = "{t}"\n' for n, t in [("wage", "number"), ("age", "number")])
        + '[[columns]]\nname = "city"\ntype = "category"\n'
    )
    with (tmp_path / "data" / "sample.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["wage", "age", "city"], ["100", "31", "Porto"], ["90", "22", "Lyon"]])
    assert demo.first_row(tmp_path) == {"age": 31.0, "city": "Porto"}


def test_missing_value_of_the_first_row_is_sent_as_null(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "project.toml").write_text(
        '[problem]\ntarget = "wage"\n'
        '[[columns]]\nname = "age"\ntype = "number"\n[[columns]]\nname = "wage"\ntype = "number"\n'
    )
    (tmp_path / "data" / "sample.csv").write_text("wage,age\n100,\n")
    assert json.dumps(demo.first_row(tmp_path)) == '{"age": null}'


def test_help_of_the_demo_has_an_example():
    command = [sys.executable, "-m", "cookiecutter_mlops", "demo", "--help"]
    assert "Example: mlops demo" in subprocess.run(command, check=True, capture_output=True, text=True).stdout
