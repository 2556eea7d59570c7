"""What a request asks for: the operation and its parameters, read with botocore's models as moto reads them."""

import io
from dataclasses import dataclass
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as HttpRequest
from moto.core.request import determine_request_protocol

from cookiecutter_mlops.localaws import operations

# IAM's prefix of a service, where it is not the name of botocore's model.
_PREFIXES = {
    "efs": "elasticfilesystem",
    "resourcegroupstaggingapi": "tag",
    "sagemaker-runtime": "sagemaker",
    "stepfunctions": "states",
}


@dataclass(frozen=True)
class Operation:
    """One call of an API: `service` is the prefix of its IAM actions."""

    service: str
    name: str
    params: dict[str, Any]
    region: str
    account: str


def read(environ: dict[str, Any], region: str, account: str) -> Operation:
    """Read a request; its body stays readable. Raises NotImplementedError where AWS has no such operation."""
    content = body(environ)
    matched = operations.match(environ)
    if not matched:
        raise NotImplementedError("AWS has no such operation")
    model, uri = matched
    request = HttpRequest({**environ, "wsgi.input": io.BytesIO(content)})
    protocol = determine_request_protocol(model.service_model, request.content_type)
    params = PROTOCOL_PARSERS[protocol](model).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": uri,
        }
    )
    service = model.service_model.service_name or ""
    return Operation(_PREFIXES.get(service, service), str(model.name), dict(params), region, account)


def body(environ: dict[str, Any]) -> bytes:
    """Return a request's body and put it back."""
    stream, length = environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0)
    content = stream.read(length) if length else stream.read() if environ.get("wsgi.input_terminated") else b""
    environ["wsgi.input"] = io.BytesIO(content)
    environ["CONTENT_LENGTH"] = str(len(content))
    return content
