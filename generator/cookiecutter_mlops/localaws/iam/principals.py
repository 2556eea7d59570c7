"""Who asks: the administrator of the account, users with access keys, sessions of roles, AWS services.

Sessions are kept in moto's STS, which therefore answers GetCallerIdentity for them.
"""

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

from cookiecutter_mlops.localaws import clock, runtime, snapshot
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.iam import policies
from cookiecutter_mlops.localaws.iam.evaluation import Principal
from cookiecutter_mlops.localaws.iam.policies import Policy

_EVERYTHING = policies.parse(
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
)
ADMINISTRATOR = Principal(f"arn:aws:iam::{runtime.ACCOUNT}:user/embedded-aws", runtime.ACCOUNT, identity=(_EVERYTHING,))


class ExpiredToken(AwsError):
    def __init__(self) -> None:
        super().__init__("ExpiredTokenException", "The security token included in the request is expired")


class InvalidToken(AwsError):
    def __init__(self) -> None:
        super().__init__("UnrecognizedClientException", "The security token included in the request is invalid.")


def of_key(access_key: str, token: str) -> Principal:
    """Return whose access key this is. A key that nobody made is the person's own, who administers the account.

    Raises ExpiredToken, by the clock of the embedded AWS, and InvalidToken where the session token is another one.
    """
    if session := session_of(access_key):
        if session.session_token != token:
            raise InvalidToken
        if session.expiration.replace(tzinfo=UTC) <= clock.now():
            raise ExpiredToken
        return of_session(session)
    user = _iam().get_user_from_access_key_id(access_key)
    if not user:
        refuse_foreign(access_key)
    return _of_user(user) if user else ADMINISTRATOR


def refuse_foreign(access_key: str) -> None:
    """Raise InvalidToken for a key that looks like one of AWS but was not made here: it is a real account's."""
    is_real = access_key.startswith(("AKIA", "ASIA")) and not access_key.endswith("EXAMPLE")
    if is_real and not (session_of(access_key) or _iam().get_user_from_access_key_id(access_key)):
        raise InvalidToken


def of_service(service: str) -> Principal:
    """Return a service that acts for itself, for example `events.amazonaws.com`."""
    return Principal(f"arn:aws:iam::{service}", service=service)


def of_session(session: Any) -> Principal:
    """Return who acts in a session of a role, with the policies of both."""
    role = role_of(session.role_arn)
    boundary = _managed(role.permissions_boundary_arn) if role and role.permissions_boundary_arn else None
    limits = [policies.parse(session.policy)] if session.policy else None
    identity = tuple(_policies(role)) if role else ()
    account = session.role_arn.split(":")[4]
    return Principal(session.arn, account, session.role_arn, "", identity, boundary, limits)


def role_of(arn: str) -> Any:
    """Return the role with this ARN, or None."""
    account, _, name = arn.partition("::")[2].partition(":role/")
    roles = _iam(account or runtime.ACCOUNT).roles.values()
    return next((role for role in list(roles) if role.name == name.rpartition("/")[2]), None)


def session_of(access_key: str) -> Any:
    """Return the session with this access key, of a role in any account, or None; such keys have their own prefix."""
    from moto.sts.models import sts_backends

    if not access_key.startswith("ASIA"):
        return None
    if session := _SESSIONS.get(access_key):
        return session
    found = (_sts(account).get_assumed_role_from_access_key(access_key) for account in list(sts_backends))
    return next((session for session in found if session), None)


def new_session(role_arn: str, name: str, seconds: float, policy: str = "") -> Any:
    """Open a session of a role, whatever its trust policy says; `acting.assume` asks that."""
    session = _sts().assume_role("us-east-1", name, role_arn, policy or None, int(seconds), None)
    session.expiration = (clock.now() + timedelta(seconds=seconds)).replace(tzinfo=None)
    _SESSIONS[session.access_key_id] = session
    return session


def end_session(access_key: str) -> None:
    """Let a session's credentials die with what they were made for; nothing remembers them."""
    if session := _SESSIONS.pop(access_key, None):
        _sts(session.account_id).assumed_roles.remove(session)
        _iam(session.account_id).access_keys.pop(access_key, None)


def _of_user(user: Any) -> Principal:
    documents = [*_policies(user)]
    for group in _iam().get_groups_for_user(user.name):
        documents += _policies(group)
    boundary = getattr(user, "permissions_boundary_arn", None) or getattr(user, "permissions_boundary", None)
    limit = _managed(boundary) if isinstance(boundary, str) else None
    return Principal(user.arn, runtime.ACCOUNT, identity=tuple(documents), boundary=limit)


def _policies(owner: Any) -> Iterator[Policy]:
    """Return the inline and the attached policies of a role, user or group."""
    inline = owner.policies
    for text in inline.values() if isinstance(inline, dict) else inline:
        yield policies.parse(text)
    for policy in owner.managed_policies.values():
        yield policies.parse(_text(policy))


def _managed(arn: str) -> Policy:
    return policies.parse(_text(_iam().managed_policies[arn]))


def _text(policy: Any) -> str:
    """Return the document of a managed policy's default version."""
    return next(v.document for v in policy.versions if v.version_id == policy.default_version_id)


def _iam(account: str = runtime.ACCOUNT) -> Any:
    from moto.iam.models import iam_backends

    return iam_backends[account]["aws"]


def _sts(account: str = runtime.ACCOUNT) -> Any:
    from moto.sts.models import sts_backends

    return sts_backends[account]["aws"]


_SESSIONS: dict[str, Any] = {}


def install() -> None:
    snapshot.part("sessions", lambda: _SESSIONS, _SESSIONS.update)
