"""Headers of requests for S3's objects are held to AWS's model without its operations: objects are many and large.

A header means the same in each operation that has it, so one table of them all is enough, and no body is read.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import Shape
from moto.core.utils import get_service_model

# Requests for objects whose body is a document, by what their address asks for.
_DOCUMENTS = {"acl", "tagging", "retention", "legal-hold", "restore", "select"}
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; other headers' is InvalidArgument.
_CODES = {
    "x-amz-storage-class": "InvalidStorageClass",
    "x-amz-server-side-encryption": "InvalidEncryptionAlgorithmError",
}


def is_of_an_object(environ: dict[str, Any]) -> bool:
    """Whether a request names a key beside its bucket."""
    return "/" in environ["PATH_INFO"].strip("/")


def has_document(environ: dict[str, Any]) -> bool:
    """Whether a request's body is a document: of buckets all but listings, of objects what is not their content."""
    method, text = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
    asked = dict(parse_qsl(text, keep_blank_values=True)).keys() if text else ()
    if not is_of_an_object(environ):
        return method == "PUT" or (method == "POST" and "delete" in asked)
    return (method in ("PUT", "POST") and bool(_DOCUMENTS & set(asked))) or (method == "POST" and "uploadId" in asked)


def refusal(environ: dict[str, Any], problems: Callable[[Shape, Any, str], Iterator[str]]) -> tuple[str, str]:
    """Return code and sentence of the refusal of a request by its headers, or two empty texts."""
    for variable, (header, shape) in _headers().items():
        if value := environ.get(variable):
            for problem in problems(shape, value, header):
                return _CODES.get(header, "InvalidArgument"), problem
    return "", ""


@cache
def _headers() -> dict[str, tuple[str, Shape]]:
    """Return the headers that the model limits, with their shapes, by their name in WSGI."""
    model = get_service_model("s3")
    operations = [model.operation_model(name) for name in model.operation_names]
    found = {}
    for operation in operations:
        if "{Key+}" in operation.http["requestUri"] and operation.input_shape:
            for member in operation.input_shape.members.values():
                if member.serialization.get("location") == "header" and _is_limited(member):
                    header = member.serialization["name"]
                    found["HTTP_" + header.upper().replace("-", "_")] = header, member
    return found


def _is_limited(shape: Any) -> bool:
    return shape.type_name == "string" and bool(
        getattr(shape, "enum", ()) or {"min", "max", "pattern"} & {*shape.metadata}
    )
