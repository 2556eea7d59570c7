"""`python -m cookiecutter_mlops` is the `mlops` command."""

from cookiecutter_mlops.cli import main

main(prog_name="mlops")
