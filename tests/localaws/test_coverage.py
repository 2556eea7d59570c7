"""What `mlops local coverage` counts; in a process of its own, because it takes moto over as the server does."""

import json
import subprocess
import sys
from typing import Any

import pytest
from moto.core.utils import get_service_model

pytestmark = pytest.mark.slow


def mlops(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cookiecutter_mlops", "local", "coverage", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    return {row["service"]: row for row in json.loads(mlops("--json").stdout)}


def test_services_that_run_something_execute_operations(rows: dict[str, dict[str, Any]]) -> None:
    acting = {name for name, row in rows.items() if row["executes"]}
    assert {"sagemaker", "codebuild", "codepipeline", "codecommit", "lambda", "events", "sns", "scheduler"} <= acting
    assert not acting & {"budgets", "ce", "chatbot", "codeartifact", "glue", "organizations"}


def test_every_operation_of_a_service_is_counted_once(rows: dict[str, dict[str, Any]]) -> None:
    for name, row in rows.items():
        assert row["executes"] + row["kept"] + row["refused"] == len(get_service_model(name).operation_names)


def test_operation_that_is_refused_is_not_counted_as_kept(rows: dict[str, dict[str, Any]]) -> None:
    assert rows["budgets"]["kept"] == 12  # its backend's operations, see localaws/budgets/models.py
    assert rows["budgets"]["refused"] > 0


def test_table_of_chosen_services_ends_with_the_sum() -> None:
    head, budgets, total = (line.split() for line in mlops("budgets").stdout.splitlines())
    assert (head, budgets[1:]) == (["service", "executes", "kept", "refused"], total)


def test_service_that_nobody_answers_is_a_sentence() -> None:
    result = mlops("gamelift")
    assert result.returncode != 0
    assert "nothing answers for gamelift" in result.stderr
