"""`mlops train | pause | resume`: conveniences over the project's own `python -m pipelines.gatekeeper`."""

import click

from cookiecutter_mlops import project

SCRIPT = "pipelines.gatekeeper"


@click.command(epilog="Example: mlops train --reason 'more trees'")
@click.option("--reason", required=True, help="Why, for the record in the model package.")
@click.option("--data", metavar="VERSION", help="A data snapshot; by default the newest data.")
@click.option("--again", is_flag=True, help="Also if that makes the live model once more.")
def train(reason: str, data: str | None, again: bool) -> None:
    """Train the newest commit now, or after the run that is under way."""
    options = (*(["--data", data] if data else []), *(["--again"] if again else []))
    project.current().run_module(SCRIPT, "train", "--reason", reason, *options)


@click.command(epilog="Example: mlops pause")
def pause() -> None:
    """Start no training until `mlops resume`; what arrives meanwhile is kept."""
    project.current().run_module(SCRIPT, "pause")


@click.command(epilog="Example: mlops resume")
def resume() -> None:
    """Lift a pause, or the stop that the budget's alert made, and take up what was kept."""
    project.current().run_module(SCRIPT, "resume")
