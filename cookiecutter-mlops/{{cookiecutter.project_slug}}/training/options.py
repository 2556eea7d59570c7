"""What a use case asks of project.toml beyond training/settings.py: here nothing. Some have a file of their own."""

from training.settings import Settings


def check(settings: Settings) -> None:
    """Raise a SettingsError where project.toml names what cannot be learned; without a file or a row being read."""
