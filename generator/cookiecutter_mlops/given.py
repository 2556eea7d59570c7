"""Where answers come from: `name=value` on the command line, a TOML file, questions to a person."""

import tomllib
from functools import partial
from pathlib import Path

import click

from cookiecutter_mlops import answers
from cookiecutter_mlops.errors import MlopsError


def from_pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    """Return the answers of `name=value` pairs."""
    for pair in pairs:
        if "=" not in pair:
            raise MlopsError(f"{pair}: write an answer as name=value, for example stages=staging+prod (got: {pair!r})")
    return dict(pair.split("=", 1) for pair in pairs)


def from_file(file: Path | None) -> dict[str, str]:
    """Return the answers of a TOML file; MlopsError where it is none."""
    if not file:
        return {}
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MlopsError(f'{file}: give a TOML file of answers, such as stages = "prod" ({error})') from error
    # A budget is naturally written as a number, and whether a project trains as true or false.
    return {key: str(value).lower() if isinstance(value, int) else value for key, value in values.items()}


def ask(given: dict[str, str]) -> dict[str, str]:
    """Ask for each answer that is not given, in words; a bad one is asked for again."""
    from cookiecutter_mlops import scaffold

    complete, prompts = dict(given), scaffold.prompts()
    for key in answers.RULES:
        if key in complete or (key == "source_repository" and complete["source"] not in answers.CONNECTIONS):
            continue
        sentence = prompts[key]
        if isinstance(sentence, dict):
            choices = "".join(f"\n  {name}: {words}" for name, words in sentence.items() if name != "__prompt__")
            sentence = f"{sentence['__prompt__']}{choices}\n"
        default = scaffold.default(key, complete)
        complete[key] = click.prompt(sentence, default=default, value_proc=partial(_checked, key))
    return complete


def _checked(key: str, value: str) -> str:
    if sentence := answers.problem(key, value):
        raise click.UsageError(sentence)
    return value
