"""Faults on demand: what goes wrong on AWS some night goes wrong here on the n-th call, so that a test can wait for it.

A fault is on calls of the API (`sagemaker:CreateTrainingJob`: an error, a delay, a lost request or answer) or on what
runs (`spot-interruption` of jobs whose name matches). Parts that run something ask `take`.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from werkzeug.wrappers import Response

from cookiecutter_mlops.localaws import clock, embedded, operations, snapshot

# What can happen to what runs, and to whom.
KINDS = {
    "spot-interruption": "a spot training job loses its instance; name: the job",
    "capacity": "a job or endpoint gets no instance (CapacityError); name: the job, the endpoint or the instance type",
    "quota": "a request is over the quota (ResourceLimitExceeded); name: the job, the endpoint or the instance type",
    "kill": "the process of a job, a container or a build is killed; name: the job, endpoint or project",
    "function-error": "an invocation of a Lambda function dies; name: the function",
    "delivery": "a target of EventBridge, Scheduler or SNS cannot be reached; name: the target's ARN",
}
_DEFAULT_MESSAGE = "Injected by mlops local fault"


@dataclass
class Fault:
    """One rule: it strikes the calls number `call` to `call + times - 1` that match it; `times` 0 is for ever."""

    what: str  # service:Operation, with wildcards, or one of KINDS
    name: str = "*"  # of KINDS: whom it strikes, with wildcards
    call: int = 1
    times: int = 1
    error: str = ""  # error code
    message: str = ""
    status: int = 0  # HTTP status; 0 takes the one of AWS's model
    delay: float = 0  # seconds before the answer
    drop: str = ""  # "request": lost before it is carried out; "answer": carried out, but nobody hears
    after: float = 0  # of KINDS: seconds at which it strikes, after the start or, of a job that runs, after it is added
    id: str = ""
    seen: int = 0
    struck: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.delay, self.after = clock.seconds(self.delay), clock.seconds(self.after)
        self.call, self.times, self.status = int(self.call), int(self.times), int(self.status)
        if self.call < 1 or self.times < 0:
            raise ValueError(
                f"call, times: the first is call 1, and times 0 is for ever (got: {self.call}, {self.times})"
            )
        if self.drop not in ("", "request", "answer"):
            raise ValueError(f"drop: request or answer (got: {self.drop!r})")
        if ":" in self.what:
            self._check_operation()
        elif self.what not in KINDS:
            raise ValueError(f"{self.what}: an operation such as s3:PutObject, or one of {', '.join(KINDS)}")

    def strikes(self, what: str, *names: str) -> bool:
        """Count a call, if it matches by any of its names, and say whether this fault strikes it."""
        if not (fnmatchcase(what, self.what) and any(fnmatchcase(name, self.name) for name in names)):
            return False
        with self._lock:
            self.seen += 1
            hit = self.seen >= self.call and (not self.times or self.seen < self.call + self.times)
            self.struck += hit
        return hit

    def public(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}

    def _check_operation(self) -> None:
        service, _, operation = self.what.partition(":")
        operations.refuse_unknown(service, operation, operations.names(service))
        if not (self.error or self.delay or self.drop):
            hint = "for example --error ThrottlingException, --delay 5s or --drop request"
            raise ValueError(f"{self.what}: say what happens, {hint}")


_FAULTS: dict[str, Fault] = {}
_NUMBERS = itertools.count(1)
_EXPOSED: list[Callable[[Fault], None]] = []  # by whom a new fault is noticed that runs already


def take(kind: str, *names: str) -> Fault | None:
    """Return the fault that strikes something that starts now, or None; each call counts as one.

    `kind` is one of KINDS and `names` are those of whose turn it is, for example job and instance type. The caller
    makes it happen, `fault.after` seconds from now.
    """
    return next((fault for fault in list(_FAULTS.values()) if fault.strikes(kind, *names)), None)


@contextmanager
def exposed(kind: str, name: str, struck: Callable[[], object]) -> Iterator[None]:
    """Let what runs meanwhile be struck: by a fault that waits for it, or by one that is added while it runs."""
    timers: list[threading.Timer] = []

    def begin(fault: Fault) -> None:
        timer = threading.Timer(fault.after, struck)
        timer.daemon = True
        timers.append(timer)
        timer.start()

    def notice(fault: Fault) -> None:
        if fault.strikes(kind, name):
            begin(fault)

    if waiting := take(kind, name):
        begin(waiting)
    _EXPOSED.append(notice)
    try:
        yield
    finally:
        _EXPOSED.remove(notice)
        for timer in timers:
            timer.cancel()


def add(request: dict[str, Any]) -> dict[str, Any]:
    """Add a fault from its members and return it; raise ValueError for a member that is unknown or makes no sense."""
    known = {item.name for item in fields(Fault)} - {"id", "seen", "struck", "_lock"}
    if unknown := request.keys() - known:
        raise ValueError(f"fault: knows {', '.join(sorted(known))} (got: {', '.join(sorted(unknown))})")
    fault = Fault(**{"what": ""} | request)
    fault.id = str(next(_NUMBERS))
    _FAULTS[fault.id] = fault
    for notice in list(_EXPOSED):
        notice(fault)
    return fault.public()


def _restore(kept: dict[str, Fault]) -> None:
    for fault in kept.values():
        fault.id = str(next(_NUMBERS))
        _FAULTS[fault.id] = fault


def clear(request: dict[str, Any]) -> dict[str, Any]:
    """Forget one fault by its id, or all of them."""
    ids = [request["id"]] if "id" in request else list(_FAULTS)
    if "id" in request and request["id"] not in _FAULTS:
        raise ValueError(f"fault: there is none with the id {request['id']}")
    return {"cleared": len([_FAULTS.pop(number, None) for number in ids])}


class Striking:
    """A WSGI application with the faults on its calls in front of it."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not any(":" in fault.what for fault in list(_FAULTS.values())):
            return self.application(environ, start_response)
        model = operations.operation(environ)
        fault = take(operations.name(model), "") if model else None
        if not fault or not model:
            return self.application(environ, start_response)
        time.sleep(fault.delay)  # real seconds: clients have no other
        if fault.drop == "request":
            raise ConnectionAbortedError("the request was dropped by a fault")
        if fault.error:
            message = fault.message or _DEFAULT_MESSAGE
            return operations.error(environ, model, fault.error, message, fault.status)(environ, start_response)
        answer = Response.from_app(self.application, environ)
        if fault.drop == "answer":
            raise ConnectionAbortedError("the answer was dropped by a fault")
        return answer(environ, start_response)


def install() -> None:
    snapshot.part("faults", lambda: _FAULTS, _restore)
    embedded.route(
        "faults",
        {"GET": lambda _: [fault.public() for fault in list(_FAULTS.values())], "POST": add, "DELETE": clear},
    )
