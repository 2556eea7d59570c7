"""The services that the embedded AWS extends or adds; each package's `install` hooks it into moto."""

import importlib

from cookiecutter_mlops.localaws import extension

SERVICES = [
    "applicationautoscaling",
    "awslambda",
    "budgets",
    "ce",
    "cloudwatch",
    "cloudwatchlogs",
    "codebuild",
    "codecommit",
    "codepipeline",
    "connections",
    "dynamodb",
    "ec2",
    "events",
    "iam",
    "s3",
    "s3events",
    "sagemaker",
    "sagemakerruntime",
    "scheduler",
    "sns",
    "sqs",
]


def install() -> None:
    extension.forget_instances()
    for name in SERVICES:
        importlib.import_module(f"cookiecutter_mlops.localaws.{name}").install()
