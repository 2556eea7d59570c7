"""Before rendering: refuse answers that cannot work. The rules live in `cookiecutter_mlops.answers`."""

import sys

from cookiecutter_mlops import answers


def main(context: dict) -> int:
    """Return 0 for good answers; print one sentence per bad one and return 1 otherwise."""
    problems = answers.problems(answers.public(context))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0
