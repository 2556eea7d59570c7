"""Requests are held to AWS's own service models, whoever sent them: required members, types, lengths, ranges, enums.

boto3 checks some of that itself; Terraform and plain HTTP do not. The sentences are AWS's: "1 validation error
detected: Value 'x' at 'resourceConfig.instanceType' failed to satisfy constraint: …". Members that the model does not
know are ignored, as AWS ignores them. What AWS refuses beyond its models is in `limits`.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from botocore.model import OperationModel, Shape
from moto.core.parse import RequestParserError

from cookiecutter_mlops.localaws import limits, operations, refusals, s3headers
from cookiecutter_mlops.localaws.iam import requests

# The services whose requests are checked, by the name that they are signed for, and the code of their refusal.
SERVICES = dict.fromkeys(
    [
        "application-autoscaling",
        "ce",
        "codeartifact",
        "codebuild",
        "codepipeline",
        "dynamodb",
        "events",
        "kinesis",
        "kms",
        "lambda",
        "sagemaker",
        "scheduler",
        "secretsmanager",
        "ssm",
        "states",
    ],
    "ValidationException",
) | {
    "apigateway": "BadRequestException",
    "athena": "InvalidRequestException",
    "budgets": "InvalidParameterException",
    "chatbot": "InvalidParameterException",
    "ec2": "InvalidParameterValue",
    "ecr": "InvalidParameterException",
    "elasticfilesystem": "BadRequest",
    "glue": "InvalidInputException",
    "iam": "ValidationError",
    "logs": "InvalidParameterException",
    "monitoring": "ValidationError",
    "s3": "MalformedXML",
    "sns": "InvalidParameter",
    "sqs": "InvalidParameterValue",
    "sts": "ValidationError",
}
# What AWS takes although its model does not name it.
_MORE = {"BucketCannedACL": ["log-delivery-write"]}
# How Java's character classes, in which AWS writes its patterns, are written in Python.
_SET_OR_CLASS = re.compile(r"\\\\|\\\[|\[(?:\\.|[^\]\\])*\]|\\p\{\w+\}", re.DOTALL)
_JAVA_ONLY = re.compile(r"&&|\[\^?(?:\\.|[^\]\\\[])*\[")  # sets within sets, which Python reads otherwise
_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{Alnum}": "A-Za-z0-9", r"\p{ASCII}": r"\x00-\x7f"}


class Validating:
    """A WSGI application that passes on what fits AWS's model of the operation, and answers the rest with a refusal."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        service = refusals.service(environ)
        code, message = _by_headers(environ) if service == "s3" else ("", "")
        is_read = service in SERVICES and (service != "s3" or s3headers.has_document(environ))
        model = operations.operation(environ) if is_read or code else None
        if model and model.input_shape and not code:
            code, message = _refusal(environ, model, model.input_shape)
        if model and code:
            return operations.error(environ, model, code, message, 400)(environ, start_response)
        return self.application(environ, start_response)


def _by_headers(environ: dict[str, Any]) -> tuple[str, str]:
    return s3headers.refusal(environ, problems) if s3headers.is_of_an_object(environ) else ("", "")


def _refusal(environ: dict[str, Any], model: OperationModel, shape: Shape) -> tuple[str, str]:
    own = SERVICES[refusals.service(environ)]
    if "HTTP_X_AMZ_TARGET" in environ:
        code, message = check(shape, requests.body(environ), own)
        if code:
            return code, message
    try:
        request = requests.read(environ, "", "").params
    except (NotImplementedError, RequestParserError, KeyError, ValueError, TypeError):
        return "", ""  # what cannot be read is answered by who carries it out
    if "HTTP_X_AMZ_TARGET" not in environ and (found := list(problems(shape, request, ""))):
        return own, _sentence(found)
    return limits.broken(operations.name(model), request)


def check(shape: Shape, body: bytes, code: str) -> tuple[str, str]:
    """Return code and sentence of the refusal of a JSON request, or two empty texts; `code` is the service's own."""
    try:
        request = json.loads(body or b"{}")
        found = list(problems(shape, request, ""))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        return "SerializationException", "The request is not valid JSON."
    except TypeError as error:
        return "SerializationException", str(error)
    if not found:
        return "", ""
    return code, _sentence(found)


def _sentence(found: list[str]) -> str:
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"


def problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Yield what is wrong with a value at a path; raise TypeError for one of another type than the model's."""
    kind = _KINDS.get(shape.type_name)
    if kind and (not isinstance(value, kind) or (isinstance(value, bool) and bool not in kind)):
        raise TypeError(f"{json.dumps(value)[:80]} at '{path}' can not be converted to {shape.type_name}")
    if said := _broken(shape, value):
        shown = value if isinstance(value, str | int | float) else json.dumps(value)
        yield f"Value '{shown}' at '{path}' failed to satisfy constraint: {said}"
    yield from _inside(shape, value, path)


# The JSON types of a model's types; a timestamp may be a number or a text.
_KINDS: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}


def _inside(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"Value null at '{_below(path, name)}' failed to satisfy constraint: Member must not be null"
        for name, member in shape.members.items():
            if (given := value.get(name, value.get(member.serialization.get("name", name)))) is not None:
                yield from problems(member, given, _below(path, name))
    elif shape.type_name == "list":
        for number, item in enumerate(value, 1):
            yield from problems(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from problems(shape.key, key, f"{path}.key")
            yield from problems(shape.value, item, f"{path}.{key}.member")


def _broken(shape: Any, value: Any) -> str:
    """Return the constraint of the model that a value breaks."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    enum = [*getattr(shape, "enum", []), *_MORE.get(shape.name, [])]
    if enum and value not in enum:
        return f"Member must satisfy enum value set: [{', '.join(enum)}]"
    if isinstance(value, str | list | dict):
        if most is not None and len(value) > most:
            return f"Member must have length less than or equal to {most}"
        if least is not None and len(value) < least:
            return f"Member must have length greater than or equal to {least}"
    elif isinstance(value, int | float):
        if most is not None and value > most:
            return f"Member must have value less than or equal to {most}"
        if least is not None and value < least:
            return f"Member must have value greater than or equal to {least}"
    pattern = shape.metadata.get("pattern")
    if pattern and isinstance(value, str) and not fits(pattern, value):
        return f"Member must satisfy regular expression pattern: {pattern}"
    return ""


def fits(pattern: str, value: str) -> bool:
    """Whether a value fits a pattern of AWS's models; one that only Java understands fits everything."""
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    if _JAVA_ONLY.search(pattern):
        return None
    try:
        return re.compile(_SET_OR_CLASS.sub(_in_python, pattern), re.DOTALL)
    except re.error:
        return None


def _in_python(found: re.Match[str]) -> str:
    """Write the classes of a set in it, and one that stands alone as a set of its own."""
    text = found[0]
    if not text.startswith("["):
        return f"[{_CLASSES[text]}]" if text in _CLASSES else text
    for java, python in _CLASSES.items():
        text = text.replace(java, python)
    return text


def _below(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member
