"""`mlops local`: the embedded AWS of a project, started, looked at and stopped."""

import json
import shlex
from pathlib import Path

import click
from rich.console import Console

from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import confinement, controls, process
from cookiecutter_mlops.localaws import logs as streams
from cookiecutter_mlops.localaws.controls import home_option, own_home_option
from cookiecutter_mlops.localaws.coverage import coverage
from cookiecutter_mlops.localaws.iam import authorization
from cookiecutter_mlops.localaws.iam.commands import permissions

_IAM = {
    "on": "IAM policies are enforced: what runs acts with its own role.",
    "off": authorization.OFF,
}


@click.group()
def local() -> None:
    """Run an AWS inside this laptop: Terraform, git push, pipelines, training and endpoints, with no account."""


for command in (controls.clock, controls.fault, controls.outbox, coverage, permissions):
    local.add_command(command)


@local.command(epilog="Example: mlops local up --port 5100  |  mlops local up --share ../wages")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free port.")
@click.option("--region", help="Region that programs are told; by default the project's own.")
@click.option(
    "--iam",
    type=click.Choice(["on", "off"]),
    default="on",
    envvar="MLOPS_LOCAL_IAM",
    show_default=True,
    show_envvar=True,
    help="off, for exploring: policies are stored but not enforced.",
)
@click.option("--fresh", is_flag=True, help="Forget what it held when it went down.")
@click.option("--share", type=click.Path(path_type=Path), help="Use the embedded AWS of the project in this folder.")
@own_home_option
def up(port: int, region: str | None, iam: str, fresh: bool, share: Path | None, home: Path) -> None:
    """Start the embedded AWS in the background with what it held before; say where it runs if it does already."""
    if share:
        process.share(home, share)
    used = process.shared(home)
    if fresh:
        _forget(home)
    server = process.up(used, region or _project_region(), port, iam)
    process.enter(home, server.world)
    click.echo(f"The embedded AWS runs at {server.url} (process {server.pid}, log {used / 'server.log'}).")
    if used != home:
        click.echo(f"It is the one of {used}, which this project shares until `mlops local down`.")
    click.echo('Speak to it from this shell:  eval "$(mlops local env)"')
    click.echo(f"{_IAM[server.iam]} Containers run as processes of yours.")


@local.command(epilog="Example: mlops local status")
@home_option
def status(home: Path) -> None:
    """Say whether the embedded AWS runs, where, and with how much memory."""
    server = process.running(home)
    click.echo(f"url         {server.url}\nregion      {server.region}\naccount     {server.account}")
    click.echo(f"iam         {server.iam}\nprocess     {server.pid}\nstarted     {server.started_at}")
    click.echo(f"memory      {server.memory_mb:.0f} MB")
    confined = "only in their own folder" if confinement.version() else "where you may: this system has no Landlock"
    click.echo(f"jobs write  {confined}")


@local.command(epilog='Example: eval "$(mlops local env)"')
@own_home_option
def env(home: Path) -> None:
    """Print the variables with which programs of this shell speak to the embedded AWS, and to no other."""
    from cookiecutter_mlops.localaws import runtime

    used = process.shared(home)
    server = process.running(used)
    process.enter(home, server.world)
    runtime.configure(used, server.url)
    for name, value in runtime.aws_environment(server.region if used == home else _project_region()).items():
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo("unset AWS_PROFILE AWS_SESSION_TOKEN")


@local.command(epilog="Example: mlops local logs --follow check")
@click.argument("name", default="")
@click.option("--lines", type=click.IntRange(1), default=40, show_default=True, help="Last lines of each log.")
@click.option("--follow", is_flag=True, help="Go on printing what comes, until Ctrl-C.")
@home_option
def logs(name: str, lines: int, follow: bool, home: Path) -> None:
    """Show the newest logs of builds, jobs, endpoints and functions, newest last; NAME selects by part of a name."""
    server = process.running(home)
    console = Console(highlight=False, soft_wrap=True)
    streams.show(streams.Reader(server), console, name, lines)
    if follow:
        streams.follow(streams.Reader(server), console, name)


@local.command(epilog="Example: mlops local down")
@own_home_option
def down(home: Path) -> None:
    """Stop the embedded AWS and every build, job and endpoint that it runs; `up` goes on with what it held.

    A project that shares another one's only stops using it.
    """
    used = process.shared(home)
    if used != home:
        process.unshare(home)
        click.echo(f"This project no longer uses the embedded AWS of {used}.")
    elif process.down(home):
        click.echo("The embedded AWS is stopped; `mlops local up` goes on with what it held.")
    else:
        click.echo(f"No embedded AWS runs for {home}.")


@local.command(epilog="Example: mlops local reset")
@own_home_option
def reset(home: Path) -> None:
    """Stop the embedded AWS and forget everything that it held."""
    _forget(home)
    click.echo("The embedded AWS is stopped, and what it held is gone.")


def _forget(home: Path) -> None:
    if (used := process.shared(home)) != home:
        raise MlopsError(f"This project shares the embedded AWS of {used}: only that project forgets what it holds.")
    process.reset(home)


def _project_region() -> str:
    """Return the region of the project in this folder, or the one that new projects have."""
    settings = Path("terraform/terraform.auto.tfvars.json")
    return json.loads(settings.read_text())["region"] if settings.exists() else "eu-west-1"
