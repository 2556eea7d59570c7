"""Expressions and conditions of pipeline definitions."""

import json
from typing import Any

import pytest

from cookiecutter_mlops.localaws.sagemaker.pipelines.expressions import Scope, Unresolved
from tests.localaws.sagemaker_pipelines.definitions import get, join

REPORT = {"metrics": {"mse": {"value": 4.5}}, "folds": [{"mse": 1}, {"mse": 2}]}
PROCESS = {
    "ProcessingOutputConfig": {
        "Outputs": [
            {"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}},
            {"OutputName": "test", "S3Output": {"S3Uri": "s3://b/test"}},
        ]
    }
}


@pytest.fixture
def scope() -> Scope:
    return Scope(
        {"Count": 2, "Name": "salary"},
        {"PipelineExecutionId": "abc"},
        lambda step, name: json.dumps(REPORT) if (step, name) == ("Eval", "Report") else "{",
        lambda address: json.dumps({"at": address}),
        {"Process": PROCESS},
    )


def json_get(path: str, name: str = "Report") -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": get(f"Steps.Eval.PropertyFiles.{name}"), "Path": path}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (get("Parameters.Count"), 2),
        (get("Execution.PipelineExecutionId"), "abc"),
        (get("Steps.Process.ProcessingOutputConfig.Outputs['test'].S3Output.S3Uri"), "s3://b/test"),
        (get('Steps.Process.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri'), "s3://b/train"),
        (get("Steps.Process.ProcessingOutputConfig.Outputs[1].OutputName"), "test"),
        (join("s3://b", get("Parameters.Name"), get("Parameters.Count")), "s3://b/salary/2"),
        (json_get("metrics.mse.value"), 4.5),
        (json_get("folds[1].mse"), 2),
        (json_get("metrics['mse']['value']"), 4.5),
        ({"Std:JsonGet": {"S3Uri": join("s3://b", "c"), "Path": "at"}}, "s3://b/c"),
        ({"a": [get("Parameters.Name"), {"b": get("Parameters.Count")}]}, {"a": ["salary", {"b": 2}]}),
        ({"Get": "Parameters.Count", "Else": 1}, {"Get": "Parameters.Count", "Else": 1}),
    ],
)
def test_expression_has_its_value(scope: Scope, expression: Any, value: Any) -> None:
    assert scope.resolved(expression) == value


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (get("Steps.Process.Nothing"), "Steps.Process.Nothing has no value at Nothing"),
        (get("Steps.Process.ProcessingOutputConfig.Outputs['none'].S3Output"), "has no value"),
        (get("Nowhere.X"), "Nowhere.X is not defined"),
        (json_get("metrics.rmse.value"), "has no value at metrics.rmse.value"),
        (json_get("a", "Broken"), "is not a JSON file"),
    ],
)
def test_expression_without_value_says_so(scope: Scope, expression: Any, said: str) -> None:
    with pytest.raises(Unresolved, match=said.replace("[", r"\[").replace("'", ".")):
        scope.resolved(expression)


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (compare("Equals", get("Parameters.Name"), "salary"), True),
        (compare("GreaterThan", json_get("metrics.mse.value"), 4.5), False),
        (compare("GreaterThanOrEqualTo", json_get("metrics.mse.value"), 4.5), True),
        (compare("LessThan", 1, get("Parameters.Count")), True),
        (compare("LessThanOrEqualTo", 3, get("Parameters.Count")), False),
        ({"Type": "In", "QueryValue": get("Parameters.Count"), "Values": [1, get("Parameters.Count")]}, True),
        ({"Type": "In", "QueryValue": "x", "Values": ["y"]}, False),
        ({"Type": "Not", "Expression": compare("Equals", 1, 2)}, True),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2), compare("Equals", 2, 2)]}, True),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2)]}, False),
    ],
)
def test_condition_of_each_type(scope: Scope, condition: dict[str, Any], holds: bool) -> None:
    assert scope.holds(condition) is holds


def test_condition_on_values_that_do_not_compare_fails(scope: Scope) -> None:
    with pytest.raises(Unresolved, match="LessThan cannot compare 1 with "):
        scope.holds(compare("LessThan", 1, "a"))
    with pytest.raises(Unresolved, match="no condition of type Xor"):
        scope.holds({"Type": "Xor"})
