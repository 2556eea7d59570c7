"""`mlops local clock | fault | outbox`: what a person or a test turns and reads on the embedded AWS itself."""

from pathlib import Path
from typing import Any

import click

from cookiecutter_mlops.localaws import embedded, process

home_option = click.option(
    "--home", type=click.Path(path_type=Path), default=process.HOME, show_default=True, help="Folder for its state."
)


@click.command(epilog="Examples: mlops local clock --advance 1h30m  |  mlops local clock --rate 60")
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


def _ask(home: Path, name: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
    return embedded.ask(process.running(home).url, name, method, body)
