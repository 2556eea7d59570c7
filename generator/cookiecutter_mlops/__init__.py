"""cookiecutter-mlops: the `mlops` command and its library."""

__version__ = "0.1.0"
