"""How the embedded AWS says, at once and in the protocol of each service, what it does not do.

The status is always 501: SDKs repeat a request that ended with 500 for minutes, and nothing mends itself meanwhile.
"""

import contextlib
import json
import re
import traceback
from typing import Any
from xml.sax.saxutils import escape

from moto.core.utils import underscores_to_camelcase
from werkzeug.wrappers import Response

from cookiecutter_mlops.localaws.extension import NotEmulated

REST_XML = ("cloudfront", "route53", "s3")


def service(environ: dict[str, Any]) -> str:
    """Return the service that a request is signed for; what nobody signed is taken for S3, as moto does."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0].split("/")
    return scope[3] if len(scope) > 3 else "s3"


def answer(environ: dict[str, Any], error: Exception) -> Response:
    """Say which action is not implemented, or what went wrong in it."""
    called = f"{service(environ)}:{_action(environ, error)}"
    if isinstance(error, NotEmulated):
        return _document(environ, "NotImplemented", f"The embedded AWS does not implement {error}")
    if isinstance(error, NotImplementedError):
        return _document(environ, "NotImplemented", f"The embedded AWS does not implement {called}")
    traceback.print_exception(error)
    message = f"The embedded AWS failed in {called}: {type(error).__name__}: {error}"
    return _document(environ, "InternalFailure", message)


def _action(environ: dict[str, Any], error: Exception) -> str:
    """Return the action's name, from the header that holds it, from moto's sentence about it, or else the address."""
    from cookiecutter_mlops.localaws import operations  # which knows services by this module

    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return target.rpartition(".")[2]
    if named := re.match(r"The (\w+) action", str(error)):
        action = underscores_to_camelcase(named[1].capitalize())
        with contextlib.suppress(ValueError):
            known = {name.lower(): name for name in operations.names(service(environ))}
            return known.get(action.lower(), action)  # AWS writes ID, ACL, …
        return action
    if operation := operations.operation(environ):
        return str(operation.name)
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def _document(environ: dict[str, Any], code: str, message: str) -> Response:
    called = service(environ)
    is_query = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if not is_query and called not in REST_XML:
        document = json.dumps({"__type": code, "message": message})
        return Response(document, 501, {"x-amzn-errortype": code}, content_type="application/x-amz-json-1.1")
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    body = error if called == "s3" else f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>"
    if called == "ec2":
        body = f"<Response><Errors>{error}</Errors><RequestID>0</RequestID></Response>"
    return Response(body, 501, content_type="text/xml")
