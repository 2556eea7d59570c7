"""Every answer has a rule, and every broken rule one sentence: the name, the rule, a good example, the value seen."""

import json

import botocore.session
import pytest

from cookiecutter_mlops import answers, render, scaffold

TEMPLATE = json.loads((scaffold.template() / "cookiecutter.json").read_text())
USE_CASES = sorted(path.name for path in (scaffold.template() / "use-cases").iterdir() if path.is_dir())
CPU, GPU = ("ml.m5.xlarge", "ml.m5.large", "ml.t3.medium"), ("ml.g5.2xlarge",) * 3
MACHINES = {  # to train, to answer, for a notebook; and how the model is called
    "tabular": (*CPU, "real-time"),
    "call-analytics": (*CPU, "real-time"),
    "document-extraction": (*CPU, "asynchronous"),
    "llm-summarization": (*GPU, "real-time"),
}

BAD = {
    "project_name": ["", "x" * 61, "Salary <Prediction>", "Salary\nPrediction"],
    "project_slug": [
        "ab",
        "x" * 21,
        "Salary",
        "salary-",
        "a--b",
        "1abc",
        "my-sagemaker",
        "aws-it",
        "../escaped",
        "abc\n",
    ],
    "description": ["", "two\nlines", "x" * 201],
    "owner_email": ["team", "team@example", "a b@example.com", "team@example.com\n"],
    "aws_region": ["eu-wst-1", "Ireland", ""],
    "use_case": ["tables"],
    "train": ["no", "False"],
    "source": ["git"],
    "source_repository": ["acme", "acme/", "https://github.com/acme/x", "acme/../x y"],
    "training_instance_type": ["m5.large", "ml.m5", "ml.m5.xlarge;"],
    "endpoint_kind": ["realtime"],
    "stages": ["prod+staging"],
    "network": ["vpc"],
    "notebook": ["true"],
    "terraform_state": ["S3"],
    "data_arrival": ["quiet"],
    "monthly_budget_usd": ["0", "-1", "1.5", "plenty", "١٠٠"],
}


def good(**changes: str) -> dict[str, str]:
    return scaffold.complete({"project_name": "Salary Prediction", **changes})


def test_answers_of_the_template_are_those_with_a_rule_in_the_same_order():
    assert [key for key in TEMPLATE if not key.startswith("_")] == list(answers.RULES)


@pytest.mark.parametrize("key", answers.CHOICES)
def test_each_choice_of_the_template_has_a_prompt(key):
    assert set(TEMPLATE["__prompts__"][key]) == {"__prompt__", *answers.CHOICES[key]}


def test_use_cases_are_the_folders_of_the_template():
    assert sorted(answers.CHOICES["use_case"]) == USE_CASES


@pytest.mark.parametrize(("use_case", "machines"), MACHINES.items())
def test_use_case_has_the_machines_and_the_endpoint_that_it_needs(use_case, machines):
    context = render.context(scaffold.template(), {"use_case": use_case})
    asked = ("training_instance_type", "__endpoint_instance_type", "__notebook_instance_type", "endpoint_kind")
    assert tuple(context[key] for key in asked) == machines


def test_every_question_is_a_sentence_of_its_own():
    assert set(TEMPLATE["__prompts__"]) == set(answers.RULES)


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD.items() for value in values])
def test_bad_answer_gets_one_sentence_with_rule_example_and_value(key, value):
    sentence = answers.problem(key, value)
    assert sentence.startswith(f"{key}: ")
    assert f"(got: {value!r})" in sentence and "for example" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(("key", "rule_and_example"), answers.RULES.items())
def test_example_of_a_rule_obeys_it(key, rule_and_example):
    assert answers.problem(key, rule_and_example[1]) is None


@pytest.mark.parametrize("key", answers.RULES)
@pytest.mark.parametrize("tag", ["{{ 7 * 7 }}", "{% raw %}", "{# note #}"])
def test_template_tag_in_any_answer_is_refused(key, tag):
    assert "template tags" in answers.problem(key, tag)


@pytest.mark.parametrize(
    ("key", "value", "nearest"),
    [
        ("aws_region", "eu-wst-1", "eu-west-1"),
        ("stages", "stagng+prod", "staging+prod"),
        ("endpoint_kind", "realtime", "real-time"),
        ("training_instance_type", "g5.2xlarge", "ml.g5.2xlarge"),
    ],
)
def test_misspelt_answer_is_answered_with_the_nearest_right_one(key, value, nearest):
    assert f"for example {nearest!r}" in answers.problem(key, value)


def test_unknown_answer_is_answered_with_the_nearest_name():
    assert answers.problem("projct_slug", "x") == "projct_slug: there is no such answer; did you mean 'project_slug'?"
    assert "choose from project_name, project_slug" in answers.problem("zzz", "x")


@pytest.mark.parametrize("source", answers.CONNECTIONS)
def test_connection_without_a_repository_is_refused(source):
    (sentence,) = answers.problems({**good(), "source": source, "source_repository": ""})
    assert sentence.startswith("source_repository: ") and source in sentence


def test_repository_without_a_connection_is_refused():
    (sentence,) = answers.problems({**good(), "source_repository": "acme/salaries"})
    assert "leave it empty with source 'codecommit'" in sentence


def test_notebook_without_a_network_is_refused():
    (sentence,) = answers.problems({**good(), "notebook": "yes"})
    assert sentence.startswith("notebook: ") and "(got: 'yes' with 'none')" in sentence


@pytest.mark.parametrize("wrong", [{"stages": "staging+prod"}, {"endpoint_kind": "serverless"}])
def test_model_that_nobody_trains_has_one_stage_and_instances(wrong):
    (sentence,) = answers.problems({**good(), "train": "false", **wrong})
    assert sentence.startswith("train: ") and "(got: 'false' with " in sentence
    assert answers.problems({**good(), "train": "false"}) == []


@pytest.mark.parametrize("network", ["new", "existing"])
def test_serverless_endpoint_inside_a_network_is_refused(network):
    (sentence,) = answers.problems({**good(), "endpoint_kind": "serverless", "network": network})
    assert sentence.startswith("network: ") and f"(got: {network!r})" in sentence


def test_suggested_instance_types_exist_on_sagemaker():
    service = botocore.session.get_session().get_service_model("sagemaker")
    assert set(answers.INSTANCE_TYPES) <= set(service.shape_for("TrainingInstanceType").enum)


def test_regions_are_those_of_sagemaker():
    session = botocore.session.get_session()
    known = {r for p in ("aws", "aws-cn", "aws-us-gov") for r in session.get_available_regions("sagemaker", p)}
    assert known <= set(answers.REGIONS)
