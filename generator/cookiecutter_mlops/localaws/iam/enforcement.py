"""Stands before every service: whose request is it, what does it need, may it? The refusal is the service's own."""

import base64
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, unquote

from werkzeug.wrappers import Response

from cookiecutter_mlops.localaws import operations, refusals, runtime
from cookiecutter_mlops.localaws.extension import AwsError, NotEmulated
from cookiecutter_mlops.localaws.iam import authorization, calls, principals, requests, s3calls
from cookiecutter_mlops.localaws.iam.calls import Call
from cookiecutter_mlops.localaws.iam.evaluation import Principal

# Resources of these services refuse even the administrator, by a policy of their own.
_WITH_POLICIES = ("ecr", "kms", "lambda", "logs", "s3", "sns", "sqs")
# Everybody may do these.
_FREE = ("sts:GetCallerIdentity", "sts:GetSessionToken", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML")
# What a denial is called where it is not AccessDeniedException.
_CODES = dict.fromkeys(("iam", "monitoring", "s3", "sqs", "sts"), "AccessDenied")
_CODES |= {"ec2": "UnauthorizedOperation", "sns": "AuthorizationError"}
# Tokens that are over, or nobody's: S3 has its own words, and services of the query protocol their own names.
_OF_S3 = {
    "ExpiredTokenException": ("ExpiredToken", "The provided token has expired."),
    "UnrecognizedClientException": ("InvalidToken", "The provided token is malformed or otherwise invalid."),
}
_OF_QUERIES = {"ExpiredTokenException": "ExpiredToken", "UnrecognizedClientException": "InvalidClientTokenId"}
_QUERIES = ("iam", "monitoring", "sns", "sts")
_GIT = "/v1/repos/"
Application = Callable[..., Iterable[bytes]]


class Guarded:
    """A WSGI application with IAM in front of it."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(("/_embedded/", "/moto-api")):
            return self.application(environ, start_response)
        try:
            refusal = _refusal(environ) if authorization.enforced() else _refusal_of_foreign(environ)
        except Exception as error:  # what cannot be decided is not allowed
            refusal = refusals.answer(environ, error)
        return (refusal or self.application)(environ, start_response)


def _refusal(environ: dict[str, Any]) -> Response | None:
    try:
        key, token, region = _credentials(environ)
        principal = principals.of_key(key, token)
        if principal is not principals.ADMINISTRATOR or refusals.service(environ) in _WITH_POLICIES:
            authorization.require(principal, _calls(environ, principal, region), region)
    except AwsError as error:
        return _answer(environ, error)
    return None


def _refusal_of_foreign(environ: dict[str, Any]) -> Response | None:
    """Refuse keys of a real account also where everybody may do everything."""
    try:
        principals.refuse_foreign(_credentials(environ)[0])
    except AwsError as error:
        return _answer(environ, error)
    return None


def _credentials(environ: dict[str, Any]) -> tuple[str, str, str]:
    """Return access key, session token and region of a request, from its header, its address or git's password."""
    if environ["PATH_INFO"].startswith(_GIT):
        return _git_credentials(environ)
    header, query = environ.get("HTTP_AUTHORIZATION", ""), parse_qs(environ.get("QUERY_STRING", ""))
    scope = header.partition("Credential=")[2].partition(",")[0] or query.get("X-Amz-Credential", [""])[0]
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN") or query.get("X-Amz-Security-Token", [""])[0]
    parts = unquote(scope).split("/")
    return parts[0], token, parts[2] if len(parts) > 4 else "us-east-1"


def _git_credentials(environ: dict[str, Any]) -> tuple[str, str, str]:
    """Return what AWS's credential helper gives git as its user: access key, and session token behind a percent."""
    pair = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Basic ")
    user = base64.b64decode(pair).decode(errors="replace").rpartition(":")[0]
    key, _, token = user.partition("%")
    return key, token, environ["PATH_INFO"].removeprefix(_GIT).partition("/")[0]


def _git_calls(environ: dict[str, Any]) -> list[Call]:
    region, _, rest = environ["PATH_INFO"].removeprefix(_GIT).partition("/")
    is_push = "git-receive-pack" in environ["PATH_INFO"] + environ.get("QUERY_STRING", "")
    arn = f"arn:aws:codecommit:{region}:{runtime.ACCOUNT}:{rest.partition('/')[0].removesuffix('.git')}"
    return [Call("codecommit:GitPush" if is_push else "codecommit:GitPull", arn)]


def _calls(environ: dict[str, Any], principal: Principal, region: str) -> list[Call]:
    if environ["PATH_INFO"].startswith(_GIT):
        return _git_calls(environ)
    if refusals.service(environ) == "s3":
        return s3calls.of(environ, region, runtime.ACCOUNT)
    try:
        operation = requests.read(environ, region, runtime.ACCOUNT)
        needed = calls.of(operation)
    except (NotEmulated, LookupError):
        if principal is principals.ADMINISTRATOR:
            return []
        raise
    return [call for call in needed if call.action not in _FREE]


def _in_words_of(service: str, error: AwsError) -> tuple[str, str]:
    """Return code and message as a service has them."""
    if error.code == "AccessDeniedException":
        more = "You are not authorized to perform this operation. " if service == "ec2" else ""
        return _CODES.get(service, error.code), more + error.message
    if service == "s3":
        return _OF_S3.get(error.code, (error.code, error.message))
    return _OF_QUERIES.get(error.code, error.code) if service in _QUERIES else error.code, error.message


def _answer(environ: dict[str, Any], error: AwsError) -> Response:
    """Return a refusal in the protocol of the service, with the code that the service uses."""
    if environ["PATH_INFO"].startswith(_GIT):
        return Response(f"{error.message}\n", 403)
    service, model = refusals.service(environ), operations.operation(environ)
    code, message = _in_words_of(service, error)
    if service == "s3" or not model:
        body = f"<Error><Code>{code}</Code><Message>{refusals.escape(message)}</Message></Error>"
        return Response("" if environ["REQUEST_METHOD"] == "HEAD" else body, 403, content_type="application/xml")
    return operations.error(environ, model, code, message, 403)
