"""What is wrong with a pipeline's definition is said when it is created."""

import json
from typing import Any

import pytest

from cookiecutter_mlops.localaws.sagemaker.exceptions import ValidationException
from cookiecutter_mlops.localaws.sagemaker.pipelines import caching
from cookiecutter_mlops.localaws.sagemaker.pipelines.definition import Definition
from tests.localaws.sagemaker_pipelines.definitions import definition, get


def step(name: str, message: Any = "", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}} | more


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ('{"Version": "2020-12-02", "Steps": []}', 'Version must be "2020-12-01"'),
        ('{"Version": "2020-12-01"}', "at least one step"),
        (definition({"Name": "A"}), "each step must have a Name and a Type"),
        (definition(step("A"), step("A")), "step names must be unique (repeated: A)"),
        (definition(step("A", get("Steps.B.Arn"))), "step A refers to unknown steps (B)"),
        (definition(step("A", DependsOn=["B"])), "step A refers to unknown steps (B)"),
        (definition(step("A", get("Parameters.B"))), "step A refers to the unknown parameter B"),
        (definition(step("A", DependsOn=["B"]), step("B", get("Steps.A.Arn"))), "the steps A, B depend on each other"),
    ],
)
def test_definition_that_is_wrong_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationException) as refused:
        Definition(text)
    assert refused.value.message.startswith("Unable to parse pipeline definition: ")
    assert said in refused.value.message


def test_steps_depend_on_what_they_refer_to_and_on_their_condition() -> None:
    inner = {
        "Std:Join": {
            "Values": [get("Steps.First.Arn"), {"Std:JsonGet": {"PropertyFile": get("Steps.Eval.PropertyFiles.F")}}]
        }
    }
    arguments = {"Conditions": [], "IfSteps": [step("Yes", inner)], "ElseSteps": [step("No", DependsOn=["First"])]}
    check = {"Name": "Check", "Type": "Condition", "Arguments": arguments}
    steps = Definition(definition(step("First"), step("Eval"), check)).steps
    assert steps["Check"].after == frozenset()
    assert steps["Yes"].after == {"First", "Eval", "Check"}
    assert steps["No"].branch == ("Check", False)


def test_parameters_have_the_types_that_are_declared() -> None:
    declared = [
        {"Name": "Count", "Type": "Integer", "DefaultValue": 2},
        {"Name": "Rate", "Type": "Float"},
        {"Name": "On", "Type": "Boolean", "DefaultValue": False},
        {"Name": "Size", "Type": "String", "EnumValues": ["small", "large"], "DefaultValue": "small"},
    ]
    parsed = Definition(definition(step("A"), parameters=declared))
    given = [{"Name": "Rate", "Value": "0.5"}, {"Name": "On", "Value": "true"}]
    assert parsed.values(given) == {"Count": 2, "Rate": 0.5, "On": True, "Size": "small"}
    with pytest.raises(ValidationException, match=r"Parameters \[Rate\] have no value"):
        parsed.values([])
    with pytest.raises(ValidationException, match="Size must be one of"):
        parsed.values([*given, {"Name": "Size", "Value": "huge"}])


@pytest.mark.parametrize(("text", "seconds"), [("P30D", 2592000), ("T12H", 43200), ("PT1H30M", 5400), ("30d", 2592000)])
def test_duration_of_a_cache(text: str, seconds: int) -> None:
    assert caching.seconds(text) == seconds


def test_duration_of_a_cache_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationException, match="ISO 8601"):
        caching.seconds("soon")


def test_definition_is_kept_as_it_was_given() -> None:
    text = definition(step("A"))
    assert json.loads(text)["Steps"][0] == Definition(text).steps["A"].settings
