"""The one kind of error a user sees: a sentence that names the thing, the rule, the value seen and a good example."""

from click import ClickException


class MlopsError(ClickException):
    """Base of every error that is the user's to mend; click prints its sentence and exits with 1."""
