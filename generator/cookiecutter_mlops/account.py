"""`mlops account` and `mlops state`: what an AWS account has once, and its bucket that keeps Terraform's states."""

import json
import tempfile
from pathlib import Path

import click

from cookiecutter_mlops.project import Project, current, embedded
from cookiecutter_mlops.terraform import Terraform

yes_option = click.option("--yes", is_flag=True, help="Do not ask before changing an AWS account.")


@click.group()
def account() -> None:
    """Set up what an AWS account and region has once, for all projects."""


@account.command(epilog="Example: mlops account apply --yes")
@yes_option
def apply(yes: bool) -> None:
    """Make the account's baseline what terraform/account says: state bucket, job logs, cost tags.

    It may be run from any project, again and again: its own state lies in the bucket that it makes.
    """
    project = current()
    terraform = Terraform(project.path, embedded=embedded(), root="account")
    place = backend(project, "account", required=False)
    if place and not terraform.keeps_state_in_s3:
        terraform.move_state(place)
    apply_after_asking(terraform, yes or embedded())
    if not place:
        terraform.move_state(backend(project, "account"))
    click.echo("The account is set up; `mlops state move` keeps a project's state in its bucket.")


@click.group()
def state() -> None:
    """Say where Terraform's state is kept."""


@state.command(epilog="Example: mlops state move")
def move() -> None:
    """Move the project's Terraform state into the account's bucket; nothing to do when it is there."""
    project = current()
    terraform = Terraform(project.path, embedded=embedded())
    if terraform.keeps_state_in_s3:
        click.echo("The state is in S3 already.")
        return
    place = backend(project)
    terraform.move_state(place)
    s3 = place["terraform"]["backend"]["s3"]
    click.echo(f"The state is in s3://{s3['bucket']}/{s3['key']} now.")
    if not embedded():
        click.echo("Commit terraform/backend.tf.json, so that everybody works on it.")


def backend(project: Project, *whose: str, required: bool = True) -> dict:
    """Return Terraform's backend in this account; empty where it has no bucket yet and none is required."""
    printed = project.ask_module("pipelines.state", *whose, required=required)
    return json.loads(printed) if printed else {}


def terraform_of(project: Project) -> Terraform:
    """Return a project's Terraform; on AWS its state goes where the project's answer says before anything is done."""
    terraform = Terraform(project.path, embedded=embedded())
    if project.answers.get("terraform_state") == "s3" and not embedded() and not terraform.keeps_state_in_s3:
        terraform.move_state(backend(project))
    return terraform


def apply_after_asking(terraform: Terraform, yes: bool) -> None:
    """Apply at once, or show the plan and ask first."""
    if yes:
        terraform.apply()
        return
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "plan"
        if terraform.plan(saved):
            click.confirm("Apply this plan?", abort=True)
            terraform.apply(saved)
