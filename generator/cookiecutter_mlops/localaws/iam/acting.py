"""What AWS services do here in somebody's name: a job reads data with its role, a rule sends by the queue's leave.

`assume` opens a session of a role as a service does, `acting` makes it the actor of the code inside, and `check` asks
whether the actor may. Where nobody acts, or IAM is off, everything may be done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from cookiecutter_mlops.localaws import runtime
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.iam import authorization, calls, keys, principals, s3calls
from cookiecutter_mlops.localaws.iam.calls import Call
from cookiecutter_mlops.localaws.iam.evaluation import Principal

Keys = dict[str, str]
HOURS_36 = 36 * 3600  # the longest build or job; the session of what ends earlier ends with it
UNTIL_STOPPED = 3650 * 24 * 3600  # AWS renews the credentials of an endpoint as long as it serves
_ACTOR: ContextVar["Session | Caller | None"] = ContextVar("actor", default=None)


class Session:
    """Credentials of a role, as a service holds them for what it runs."""

    def __init__(self, made: Any, region: str) -> None:
        self._made, self.region = made, region

    @property
    def principal(self) -> Principal:
        """Return who this is, with the policies that the role has now."""
        return principals.of_session(self._made)

    def environment(self) -> dict[str, str]:
        """Return the variables by which a program finds these credentials."""
        made = self._made
        return {
            "AWS_ACCESS_KEY_ID": made.access_key_id,
            "AWS_SECRET_ACCESS_KEY": made.secret_access_key,
            "AWS_SESSION_TOKEN": made.session_token,
        }

    def end(self) -> None:
        principals.end_session(self._made.access_key_id)


class Caller:
    """Whoever sent a request: a service that answers it asks others in the caller's name."""

    def __init__(self, principal: Principal, region: str) -> None:
        self.principal, self.region = principal, region

    def environment(self) -> dict[str, str]:
        raise NotImplementedError("nothing is started with a caller's credentials")


def caller(access_key: str, region: str) -> Caller | None:
    """Return the caller with this access key, for `acting`; the administrator may do everything."""
    session = principals.session_of(access_key)
    principal = principals.of_session(session) if session else principals.of_key(access_key, "")
    return None if principal is principals.ADMINISTRATOR else Caller(principal, region)


class CannotAssume(AwsError):
    """A service may not assume a role: it is not there, or its trust policy does not admit the service."""

    def __init__(self, role: str, service: str, message: str) -> None:
        self.role, self.service = role, service
        super().__init__("AccessDeniedException", message)


def assume(role: str, service: str, name: str, source: str, region: str, seconds: float = HOURS_36) -> Session:
    """Open a session of a role for a service; `source` is the ARN of what the service does it for.

    Raises CannotAssume where the role's trust policy does not admit the service.
    """
    if authorization.enforced() and role:
        trusted = principals.of_service(service)
        call = Call("sts:AssumeRole", role, _for(source))
        _, decision = authorization.decide(trusted, call, region)
        if not principals.role_of(role) or not decision.allowed:
            raise CannotAssume(role, service, authorization.sentence(service, call, decision.reason))
    return Session(principals.new_session(role, name[:64], seconds), region)


@contextmanager
def acting(session: "Session | Caller | None") -> Iterator[None]:
    """Let the code inside act with a session; threads that it starts need `contextvars.copy_context`."""
    token = _ACTOR.set(session)
    try:
        yield
    finally:
        _ACTOR.reset(token)


def credentials() -> Keys:
    """Return the variables with the actor's credentials, for a program that runs in its name."""
    session = _ACTOR.get()
    return session.environment() if session else dict(runtime.CREDENTIALS)


def check(action: str, resource: str, context: Keys | None = None) -> None:
    """Raise AwsError AccessDenied unless the actor may do this; `context` holds condition keys in lower case."""
    if session := _ACTOR.get():
        call = Call(action, resource, {key: [value] for key, value in (context or {}).items()})
        authorization.require(session.principal, [call], session.region)


def may(action: str, resource: str, context: Keys | None = None) -> bool:
    """Say whether the actor may do this."""
    try:
        check(action, resource, context)
    except authorization.AccessDenied:
        return False
    return True


def check_read(account: str, bucket: str, key: str, version: bool = False) -> None:
    """Raise AwsError AccessDenied unless the actor may read an object, and open it."""
    if session := _ACTOR.get():
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        needed = [Call(action, s3calls.arn(bucket, key))]
        needed += s3calls.missing(bucket, key, account) or s3calls.opened(bucket, key, session.region, account)
        authorization.require(session.principal, needed, session.region)


def check_write(account: str, bucket: str, key: str) -> None:
    """Raise AwsError AccessDenied unless the actor may write an object, and close it with the bucket's key."""
    if session := _ACTOR.get():
        sealed = s3calls.closed(bucket, key, session.region, account)
        authorization.require(
            session.principal, [Call("s3:PutObject", s3calls.arn(bucket, key)), *sealed], session.region
        )


def check_list(bucket: str, prefix: str) -> None:
    """Raise AwsError AccessDenied unless the actor may list a bucket."""
    if session := _ACTOR.get():
        needed = [Call("s3:ListBucket", s3calls.arn(bucket), {"s3:prefix": [prefix]})]
        authorization.require(session.principal, needed, session.region)


def check_key(action: str, key: str, via: str = "", context: Keys | None = None) -> None:
    """Raise AwsError AccessDenied unless the actor may use a key of ours, through a service where one is named."""
    if session := _ACTOR.get():
        _require_key(session.principal, action, key, session.region, via, context or {})


def check_topic(topic: str) -> None:
    """Raise AwsError AccessDenied unless the actor may publish to a topic, and use its key."""
    check("sns:Publish", topic)
    for action in calls.WITH_KEY["sns:Publish"]:
        check_key(action, calls.key_of("sns", topic), "sns")


def check_queue(action: str, queue: str) -> None:
    """Raise AwsError AccessDenied unless the actor may do this to a queue, and use its key."""
    check(action, queue)
    for used in calls.WITH_KEY.get(action, ()):
        check_key(used, calls.key_of("sqs", queue), "sqs")


def check_service(service: str, action: str, resource: str, source: str, region: str) -> None:
    """Raise AwsError AccessDenied unless the policy of a resource admits a service for `source`, an ARN."""
    call = Call(action, resource, _for(source))
    authorization.require(principals.of_service(service), [call], region)


def check_service_key(
    service: str, action: str, key: str, source: str, region: str, context: Keys | None = None
) -> None:
    """Raise AwsError AccessDenied unless the policy of a key of ours admits a service."""
    values = {name: value[0] for name, value in _for(source).items()}
    _require_key(principals.of_service(service), action, key, region, "", values | (context or {}))


def _require_key(principal: Principal, action: str, key: str, region: str, via: str, context: Keys) -> None:
    if arn := keys.arn(key, region, runtime.ACCOUNT):
        values = {name: [value] for name, value in context.items()}
        values |= {"kms:viaservice": [f"{via}.{region}.amazonaws.com"]} if via else {}
        values |= {"kms:calleraccount": [runtime.ACCOUNT]}
        authorization.require(principal, [Call(action, arn, values)], region)


def _for(source: str) -> dict[str, list[str]]:
    account = source.split(":")[4] if source.count(":") >= 5 else ""
    return {"aws:sourcearn": [source], "aws:sourceaccount": [account or runtime.ACCOUNT]}
