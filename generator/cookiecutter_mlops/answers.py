"""The answers a project is made from: their rules, and the sentence for each broken one. Standard library only.

The template's hooks and `mlops new` use this module, so a rule holds through every door.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping

from cookiecutter_mlops import naming, template

QUESTIONS = json.loads((template() / "cookiecutter.json").read_text(encoding="utf-8"))
CONNECTIONS = ("github", "gitlab", "bitbucket")
JINJA_TAGS = ("{{", "{%", "{#")
CHOICES = {  # a first one with braces is no other choice: it says which is the usual one
    key: [value for value in values if not value.startswith(JINJA_TAGS)]
    for key, values in QUESTIONS.items()
    if isinstance(values, list) and not key.startswith("_")
}
REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1", "sa-east-1",
    "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2",
    "ap-east-1", "ap-east-2", "ap-south-1", "ap-south-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
    "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
    "ap-southeast-7", "me-south-1", "me-central-1", "il-central-1", "af-south-1", "us-gov-east-1", "us-gov-west-1",
    "cn-north-1", "cn-northwest-1",
)  # fmt: skip
INSTANCE_TYPES = (
    "ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.m5.4xlarge", "ml.c5.xlarge", "ml.c5.2xlarge",
    "ml.g4dn.xlarge", "ml.g4dn.2xlarge", "ml.g5.xlarge", "ml.g5.2xlarge", "ml.g5.12xlarge", "ml.g6.2xlarge",
    "ml.p4d.24xlarge", "ml.p5.48xlarge",
)  # fmt: skip

KNOWN = {**CHOICES, "aws_region": REGIONS, "training_instance_type": INSTANCE_TYPES}


def public(context: Mapping[str, str]) -> dict[str, str]:
    """Return the answers in a cookiecutter context, in their own order: what begins with an underscore is not one."""
    return {key: context[key] for key in RULES if key in context}


def problems(answers: Mapping[str, str]) -> list[str]:
    """Return one sentence per broken rule; an empty list means that the project can be made."""
    single = [problem(key, value) for key, value in answers.items()]
    return [sentence for sentence in single if sentence] or _problems_between(answers)


def problem(key: str, value: str) -> str | None:
    """Return the sentence that says what is wrong with one answer, or None."""
    if key not in RULES:
        return f"{key}: there is no such answer{suggestion(key, RULES)}"
    if not isinstance(value, str):
        return f"{key}: give text, not {type(value).__name__} (got: {value!r})"
    if any(tag in value for tag in JINJA_TAGS):
        return f"{key}: template tags such as '{{{{' are not allowed (got: {value!r})"
    rule, example = RULES[key]
    if not (broken := rule(value)):
        return None
    near = _nearest(value, KNOWN.get(key, ())) or example
    return f"{key}: {broken}, for example {near!r} (got: {value!r})"


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that names the nearest right word, or all of them."""
    known = list(known)
    if near := _nearest(word, known):
        return f"; did you mean {near!r}?"
    return f"; choose from {', '.join(known)}" if known else "; there is none yet"


def _nearest(word: str, known: Iterable[str]) -> str | None:
    from difflib import get_close_matches  # only where something is wrong

    return next(iter(get_close_matches(word, known, n=1)), None)


def _problems_between(answers: Mapping[str, str]) -> list[str]:
    source, repository = answers["source"], answers["source_repository"]
    if source in CONNECTIONS and not repository:
        return [f"source_repository: say which {source} repository, for example 'acme/salary-prediction' (got: '')"]
    if source not in CONNECTIONS and repository:
        return [f"source_repository: leave it empty with source {source!r} (got: {repository!r})"]
    if answers["train"] == "false" and (answers["stages"] != "prod" or answers["endpoint_kind"] == "serverless"):
        return [
            "train: a model that nobody trains has no release, so use stages 'prod', and its weights need instances, "
            f"so use endpoint_kind 'real-time' or 'asynchronous' (got: 'false' with {answers['stages']!r} and "
            f"{answers['endpoint_kind']!r})"
        ]
    if answers["notebook"] == "yes" and answers["network"] == "none":
        return [
            "notebook: it has no internet of its own, so it needs network 'new' or 'existing' (got: 'yes' with 'none')"
        ]
    if answers["endpoint_kind"] == "serverless" and answers["network"] != "none":
        return [
            "network: AWS runs no serverless endpoint inside a network, so use 'none', or another endpoint_kind, "
            f"for example 'real-time' (got: {answers['network']!r})"
        ]
    return []


def _choice(key: str) -> Callable[[str], str | None]:
    def rule(value: str) -> str | None:
        return None if value in CHOICES[key] else f"use one of {', '.join(CHOICES[key])}"

    return rule


def _matches(pattern: str, sentence: str) -> Callable[[str], str | None]:
    def rule(value: str) -> str | None:
        return None if re.fullmatch(pattern, value, re.ASCII) else sentence

    return rule


def _line(longest: int) -> Callable[[str], str | None]:
    def rule(value: str) -> str | None:
        good = 0 < len(value.strip()) <= longest and value.isprintable()
        return None if good else f"use one line of 1 to {longest} printable characters"

    return rule


def _name(value: str) -> str | None:
    # The name becomes a tag, and a tag's value allows these characters only.
    good = 0 < len(value.strip()) <= 60 and all(c.isalnum() or c in " _.:/=+-@" for c in value)
    return None if good else "use 1 to 60 letters, digits, spaces and _.:/=+-@"


RULES: dict[str, tuple[Callable[[str], str | None], str]] = {
    "project_name": (_name, "Salary Prediction"),
    "project_slug": (naming.slug_problem, "salary-prediction"),
    "owner_email": (
        _matches(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}", "use an e-mail address"),
        "ml-team@example.com",
    ),
    "aws_region": (lambda value: None if value in REGIONS else "use the code of an AWS region", "eu-west-1"),
    "use_case": (_choice("use_case"), "tabular"),
    "description": (_line(200), "Predicts salaries."),
    "train": (_choice("train"), "true"),
    "source": (_choice("source"), "codecommit"),
    "source_repository": (
        _matches(r"|[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+", "use owner/name"),
        "acme/salary-prediction",
    ),
    "training_instance_type": (
        _matches(r"ml\.[a-z][a-z0-9-]*\.(?:[a-z]+|[0-9]{1,2}xlarge)", "use a SageMaker instance type"),
        "ml.g5.2xlarge",
    ),
    "endpoint_kind": (_choice("endpoint_kind"), "real-time"),
    "stages": (_choice("stages"), "staging+prod"),
    "network": (_choice("network"), "new"),
    "notebook": (_choice("notebook"), "yes"),
    "terraform_state": (_choice("terraform_state"), "s3"),
    "data_arrival": (_choice("data_arrival"), "manifest"),
    "monthly_budget_usd": (_matches(r"[1-9][0-9]{0,6}", "use whole US dollars from 1 to 9999999"), "200"),
}
