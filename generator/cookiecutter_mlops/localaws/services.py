"""The services that the embedded AWS extends or adds; each package's `install` hooks it into moto."""

import importlib

SERVICES = ["awslambda", "budgets", "codecommit", "codepipeline", "connections", "events", "sagemaker", "sagemakerruntime"]


def install() -> None:
    for name in SERVICES:
        importlib.import_module(f"cookiecutter_mlops.localaws.{name}").install()
