"""cookiecutter-mlops: the `mlops` command and its library."""

from pathlib import Path

__version__ = "0.1.0"

_PACKAGE = Path(__file__).resolve().parent


def template() -> Path:
    """Return the template's folder: the one packed into the wheel, or the repository's own."""
    bundle = _PACKAGE / "_bundle"
    return (bundle if bundle.is_dir() else _PACKAGE.parents[1]) / "cookiecutter-mlops"
