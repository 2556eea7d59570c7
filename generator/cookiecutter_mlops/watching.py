"""`mlops monitor`, `mlops batch` and `mlops ground-truth`: what is done with a model that is live."""

from pathlib import Path

import click

from cookiecutter_mlops import project

STAGE = click.option("--stage", help="Of which stage; by default of the last one.")


@click.command(epilog="Example: mlops monitor --window previous")
@STAGE
@click.option(
    "--window", default="now", show_default=True, help="now, previous, or its first hour (UTC): 2026-01-02T03."
)
@click.option("--again", is_flag=True, help="Run a window that was monitored before once more.")
@click.option("--no-open", is_flag=True, help="Do not open the report.")
def monitor(stage: str | None, window: str, again: bool, no_open: bool) -> None:
    """Compare live traffic with what the live model was trained on, and open the report."""
    flags = [flag for flag, given in (("--again", again), ("--no-open", no_open)) if given]
    project.current().run_module("pipelines.monitor", "--window", window, *flags, *_of(stage))


@click.command(epilog="Example: mlops batch --stage prod")
@STAGE
def batch(stage: str | None) -> None:
    """Answer every file of the batch input prefix that has no output yet."""
    project.current().run_module("pipelines.batch", *_of(stage))


@click.command("ground-truth", epilog="Example: mlops ground-truth labels.csv")
@click.argument("file", type=click.Path(path_type=Path))
@STAGE
def ground_truth(file: Path, stage: str | None) -> None:
    """Upload true values by inference id, so that monitoring can tell the quality of answers."""
    project.current().run_module("pipelines.ground_truth", str(file.absolute()), *_of(stage))


def _of(stage: str | None) -> list[str]:
    return ["--stage", stage] if stage else []
