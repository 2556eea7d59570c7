"""What AWS refuses although its service models allow it: limits and rules of single operations, in AWS's words.

Each rule takes the request of an operation and yields (code, sentence) of what it breaks.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

Request = dict[str, Any]
Found = Iterator[tuple[str, str]]

_RETENTION = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]
_RETENTION += [1096, 1827, 2192, 2557, 2922, 3288, 3653]
# Least and most of SQS's numeric attributes.
_QUEUE = {
    "VisibilityTimeout": (0, 43_200),
    "MessageRetentionPeriod": (60, 1_209_600),
    "DelaySeconds": (0, 900),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1024, 1_048_576),
}
_BUCKET = re.compile(
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)"
)
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


def broken(operation: str, request: Request) -> tuple[str, str]:
    """Return code and sentence of the first rule of `service:Operation` that a request breaks, or two empty texts."""
    return next(RULES[operation](request), ("", "")) if operation in RULES else ("", "")


def _constraint(value: Any, path: str, rule: str) -> str:
    said = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {rule}"
    return f"1 validation error detected: {said}"


def _parameter(request: Request) -> Found:
    tier, size = request.get("Tier", "Standard"), len(request["Value"].encode())
    if tier == "Standard" and size > 4096:
        yield (
            "ValidationException",
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger "
            "parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see "
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
        )
    if size > 8192:
        sentence = "The parameter value exceeds the maximum of 8192 characters of the advanced-parameter tier."
        yield "ValidationException", sentence


def _function(request: Request) -> Found:
    for member, path, most in (("MemorySize", "memorySize", 10_240), ("Timeout", "timeout", 900)):
        if request.get(member, 0) > most:
            rule = f"have value less than or equal to {most}"
            yield "ValidationException", _constraint(request[member], path, rule)
    variables = (request.get("Environment") or {}).get("Variables") or {}
    if sum(len(name.encode()) + len(value.encode()) for name, value in variables.items()) > 4096:
        yield (
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided exceeded the 4KB limit.",
        )


def _payload(request: Request) -> Found:
    try:
        json.loads((request.get("Payload") or b"{}").decode(), parse_constant=_not_json)
    except (ValueError, RecursionError) as error:
        yield "InvalidRequestContentException", f"Could not parse request body into json: {error}"


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"Non-standard token '{constant}'")


def _retention(request: Request) -> Found:
    if request["retentionInDays"] not in _RETENTION:
        rule = f"satisfy enum value set: [{', '.join(map(str, _RETENTION))}]"
        yield "InvalidParameterException", _constraint(request["retentionInDays"], "retentionInDays", rule)


def _queue(request: Request) -> Found:
    for name, value in (request.get("Attributes") or {}).items():
        least, most = _QUEUE.get(name, (0, 0))
        if name in _QUEUE and not (value.isdecimal() and least <= int(value) <= most):
            yield "InvalidAttributeValue", f"Invalid value for the parameter {name}."


def _alarm(request: Request) -> Found:
    period = request.get("Period")
    if period and period not in (10, 20, 30) and period % 60:
        yield "ValidationError", "Period must be 10, 20, 30 or a multiple of 60"


def _deletion(request: Request) -> Found:
    days = request.get("PendingWindowInDays") or 30
    if not 7 <= days <= 30:
        yield "ValidationException", "PendingWindowInDays must be between 7 and 30."


def _bucket(request: Request) -> Found:
    name = request["Bucket"]
    if not _BUCKET.fullmatch(name) or _ADDRESS.fullmatch(name):
        yield "InvalidBucketName", "The specified bucket is not valid."


RULES: dict[str, Callable[[Request], Found]] = {
    "cloudwatch:PutMetricAlarm": _alarm,
    "kms:ScheduleKeyDeletion": _deletion,
    "lambda:CreateFunction": _function,
    "lambda:Invoke": _payload,
    "lambda:UpdateFunctionConfiguration": _function,
    "logs:PutRetentionPolicy": _retention,
    "s3:CreateBucket": _bucket,
    "sqs:CreateQueue": _queue,
    "sqs:SetQueueAttributes": _queue,
    "ssm:PutParameter": _parameter,
}
