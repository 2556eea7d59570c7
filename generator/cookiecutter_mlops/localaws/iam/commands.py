"""`mlops local permissions`: what the roles of the embedded AWS may do, and never did."""

import itertools
from pathlib import Path

import click

from cookiecutter_mlops.localaws import logs, process
from cookiecutter_mlops.localaws.controls import home_option


@click.command(epilog="Example: mlops local permissions")
@home_option
def permissions(home: Path) -> None:
    """List the actions that roles are allowed, and without which everything since the start would have worked, too."""
    from cookiecutter_mlops.localaws.iam import usage

    server = process.running(home)
    if server.iam == "off":
        click.echo("IAM is off, so nobody counts who uses what; start with `mlops local up`.")
        return
    found = usage.unneeded(logs.Reader(server).client("iam"), home)
    for (role, statement), group in itertools.groupby(
        found, lambda permission: (permission.role, permission.statement)
    ):
        click.echo(f"{role}  {statement}  {', '.join(permission.action for permission in group)}")
    click.echo(
        f"{len(found)} permissions were not needed. Some wait for what did not happen: a failure, a second release."
    )
