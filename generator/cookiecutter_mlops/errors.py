"""The one kind of error a user sees: a sentence that names the thing, the rule, the value seen and a good example."""

from typing import IO, Any

from click import ClickException, echo, get_current_context


class MlopsError(ClickException):
    """Base of every error that is the user's to mend; click prints its sentence and exits with 1."""


class Interrupted(MlopsError):
    """Somebody pressed Ctrl-C in a command that may be given again; it exits as shells do then."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__(f"Interrupted; run `{get_current_context().command_path}` again, it goes on.")

    def show(self, file: IO[Any] | None = None) -> None:
        echo(self.message, file, err=True)
