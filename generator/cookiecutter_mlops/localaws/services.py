"""The services that the embedded AWS extends or adds; each package's `install` hooks it into moto."""

import importlib
from functools import partial

from cookiecutter_mlops.localaws import extension

SERVICES = [
    "applicationautoscaling",
    "awslambda",
    "budgets",
    "ce",
    "chatbot",
    "cloudwatch",
    "cloudwatchlogs",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codepipeline",
    "connections",
    "dynamodb",
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
# Changed when they are first asked for: loading moto's takes time and memory that most projects need not spend.
LATER = [
    "apigateway",
    "athena",
    "cloudtrail",
    "ec2",
    "efs",
    "glue",
    "kinesis",
    "kms",
    "servicecatalog",
    "stepfunctions",
]


def install() -> None:
    extension.forget_instances()
    for name in SERVICES:
        _install(name)
    for name in LATER:
        extension.at_first_request(name, partial(_install, name))


def _install(name: str) -> None:
    importlib.import_module(f"cookiecutter_mlops.localaws.{name}").install()
