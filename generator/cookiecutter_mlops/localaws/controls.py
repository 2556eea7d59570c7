"""`mlops local clock | fault | outbox`: what a person or a test turns and reads on the embedded AWS itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import embedded, process


def _home(resolve: Callable[[Path], Path]) -> Callable[..., Any]:
    return click.option(
        "--home",
        type=click.Path(path_type=Path),
        default=process.HOME,
        show_default=True,
        help="Folder for its state.",
        callback=lambda context, parameter, value: resolve(value),
    )


own_home_option = _home(lambda home: home)
home_option = _home(process.shared)  # of the embedded AWS that is used, which may be another project's

_SHOWN = ("name", "call", "times", "error", "message", "status", "delay", "drop", "after")
_FAULT_EXAMPLES = """\b
Example:
  mlops local fault add sagemaker:CreateTrainingJob --error ThrottlingException --times 2
  mlops local fault add s3:GetObject --call 3 --drop answer
  mlops local fault add spot-interruption --name 'wages-*' --after 20s
  mlops local fault add function-error --name wages-retrain --times 2"""


@click.command(epilog="Example: mlops local clock --advance 1h30m  |  mlops local clock --rate 60")
@click.option("--advance", metavar="DURATION", help="Move it forward: 90s, 15m, 1h30m, 7d.")
@click.option("--set", "moment", metavar="TIME", help="Move it forward to a time, such as 2026-12-01T06:00:00Z.")
@click.option("--rate", metavar="N", help="Let N seconds pass in each second; 1 is normal.")
@home_option
def clock(advance: str | None, moment: str | None, rate: str | None, home: Path) -> None:
    """Show the clock of the embedded AWS, or move it: schedules, alarms and retries that are due then happen."""
    given = {"advance": advance, "set": moment, "rate": rate}
    change = {name: value for name, value in given.items() if value is not None}
    state = _ask(home, "clock", "POST", change) if change else _ask(home, "clock")
    click.echo(f"{state['now']}  ({state['ahead_seconds']:.0f} s ahead of real time, rate {state['rate']:g})")


@click.group(epilog="Example: mlops local fault list")
def fault() -> None:
    """Let something go wrong on purpose: an API call, a job, a delivery."""


@fault.command(epilog=_FAULT_EXAMPLES)
@click.argument("what", metavar="OPERATION|KIND")
@click.option("--name", default="*", metavar="PATTERN", help="Of a KIND: whom it strikes, for example 'wages-*'.")
@click.option("--call", type=click.IntRange(1), default=1, show_default=True, help="The first call that it strikes.")
@click.option("--times", type=click.IntRange(0), default=1, show_default=True, help="How many in a row; 0: for ever.")
@click.option("--error", metavar="CODE", help="Answer this error code, for example ThrottlingException.")
@click.option("--message", metavar="TEXT", help="The error's text.")
@click.option("--status", type=click.IntRange(400, 599), help="The error's HTTP status; by default AWS's.")
@click.option("--delay", metavar="DURATION", help="Wait before the answer, in real time: 5s.")
@click.option("--drop", type=click.Choice(["request", "answer"]), help="Close the connection before or after the call.")
@click.option(
    "--after", metavar="DURATION", help="Of a KIND: how long after the start (or now, if it runs) it strikes: 20s."
)
@home_option
def add(home: Path, **members: Any) -> None:
    """Add a fault on an OPERATION, such as sagemaker:CreateTrainingJob or s3:*, or of a KIND.

    \b
    KIND is one of:
      spot-interruption  a spot training job loses its instance
      capacity           a job or endpoint gets no instance
      quota              a request is over the account's quota
      kill               the process of a job, endpoint or build is killed
      function-error     an invocation of a Lambda function dies
      delivery           a target of EventBridge, Scheduler or SNS cannot be reached
    """
    given = {name: value for name, value in members.items() if value is not None}
    click.echo(f"Added fault {_ask(home, 'faults', 'POST', given)['id']}.")


@fault.command("list", epilog="Example: mlops local fault list")
@home_option
def list_faults(home: Path) -> None:
    """Show the faults, how many calls matched each, and how many it struck."""
    faults = _ask(home, "faults")
    for item in faults:
        rest = {name: item[name] for name in _SHOWN if item[name] not in ("", 0, "*")}
        settings = "  ".join(f"{name}={value}" for name, value in rest.items())
        click.echo(f"{item['id']:>3}  {item['what']}  {settings}  seen {item['seen']}, struck {item['struck']}")
    if not faults:
        click.echo("There are no faults.")


@fault.command(epilog="Example: mlops local fault clear 2")
@click.argument("number", required=False)
@home_option
def clear(number: str | None, home: Path) -> None:
    """Remove the fault with this NUMBER, or all of them."""
    answer = _ask(home, "faults", "DELETE", {"id": number} if number else {})
    click.echo(f"Removed {answer['cleared']} fault{'' if answer['cleared'] == 1 else 's'}.")


@click.command(epilog="Example: mlops local outbox 3")
@click.argument("number", type=click.IntRange(1), required=False)
@home_option
def outbox(number: int | None, home: Path) -> None:
    """List the e-mails that AWS would have sent, or print the one with this NUMBER."""
    from cookiecutter_mlops.localaws import outbox as box

    mails = box.read(home)
    if number is None:
        for place, mail in enumerate(mails, 1):
            click.echo(f"{place:>3}  {mail.time}  {mail.to}  {mail.subject}")
        click.echo(f"{len(mails)} e-mails in {home / 'outbox'}." if mails else "Nobody was written to yet.")
    elif number > len(mails):
        raise MlopsError(f"outbox: there are {len(mails)} e-mails (got: {number})")
    else:
        mail = mails[number - 1]
        click.echo(f"To: {mail.to}\nDate: {mail.time}\nSubject: {mail.subject}\n\n{mail.text}")


def _ask(home: Path, name: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
    return embedded.ask(process.running(home).url, name, method, body)
