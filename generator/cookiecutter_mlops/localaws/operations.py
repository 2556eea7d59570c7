"""Which operation of AWS a request asks for, by AWS's own service models; and errors in the request's protocol."""

import io
from collections.abc import Iterable
from typing import Any

from moto.core.model import OperationModel
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cookiecutter_mlops.localaws import refusals
from cookiecutter_mlops.localaws.extension import AwsError

# The models of a service, by the name that requests are signed for; where they are not one of the same name.
_MODELS = {
    "apigateway": ["apigateway", "apigatewayv2"],
    "cloudwatch": ["cloudwatch"],
    "elasticfilesystem": ["efs"],
    "monitoring": ["cloudwatch"],
    "sagemaker": ["sagemaker", "sagemaker-runtime"],
    "states": ["stepfunctions"],
}


def operation(environ: dict[str, Any]) -> OperationModel | None:
    """Return the model of the operation that a request asks for, or None where AWS has no such operation."""
    matched = match(environ)
    return matched[0] if matched else None


def match(environ: dict[str, Any]) -> tuple[OperationModel, dict[str, Any]] | None:
    """Return the operation and the parameters that the address holds, or None where AWS has no such operation."""
    request = _request(environ)
    for model in models(refusals.service(environ)):
        try:
            return get_service_router(model).match(request)
        except (HTTPException, NotImplementedError):
            continue
    return None


def name(model: OperationModel) -> str:
    """Return `service:Operation` as IAM writes it, such as `sagemaker:InvokeEndpoint` or `cloudwatch:PutMetricData`."""
    return f"{model.service_model.service_name.removesuffix('-runtime')}:{model.name}"


def models(service: str) -> list[str]:
    """Return the names of the service models that a service's requests may be of."""
    return _MODELS.get(service, [service])


def names(service: str) -> list[str]:
    """Return the operations of a service; raise ValueError if AWS has no such service."""
    from botocore.exceptions import UnknownServiceError

    try:
        return [name for model in models(service) for name in get_service_model(model).operation_names]
    except UnknownServiceError:
        raise ValueError(f"{service}: there is no such service; write it as IAM does, for example sagemaker") from None


def error(environ: dict[str, Any], model: OperationModel, code: str, message: str, status: int = 0) -> Response:
    """Return an error as the service itself would answer it; the status is the one of AWS's model unless given."""
    protocol = determine_request_protocol(model.service_model, environ.get("CONTENT_TYPE", ""))
    serializer = get_serializer_class(model.service_model.service_name, protocol)(model)
    answer = serializer.serialize(AwsError(code, message))
    return Response(answer["body"], status or answer["status_code"], answer["headers"])


def refuse_unknown(service: str, pattern: str, known: Iterable[str]) -> None:
    """Raise ValueError, with the nearest name, for an operation that the service does not have."""
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    if not any(fnmatchcase(operation, pattern) for operation in known):
        nearest = get_close_matches(pattern, known, 1)
        hint = f"; did you mean {service}:{nearest[0]}?" if nearest else ""
        raise ValueError(f"{service}:{pattern}: the service has no such operation{hint}")


def _request(environ: dict[str, Any]) -> Request:
    """Return the request; one whose form names the operation is read, and can be read again by who answers it."""
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        request = Request({**environ, "wsgi.input": io.BytesIO(body)})
        assert request.values is not None  # parsed now, from the copy
        return request
    return Request(environ)
