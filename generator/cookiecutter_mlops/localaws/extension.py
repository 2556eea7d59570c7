"""The seven seams through which the embedded AWS extends moto without changing it.

1. `swap_responses`: add or override operations of a service that moto has.
2. `swap_backend`: replace the class that holds a service's state.
3. `register_service`: answer for a service that moto does not have, by its SigV4 credential scope.
4. `register_route`: answer plain HTTP below a path (git).
5. `at_first_request`: change a service of moto whose loading takes long.
6. `forget_instances`: what is deleted takes no memory.
7. The dispatcher in `server.py` turns what nobody implements into an honest 501.
"""

import importlib
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.common_models import BaseModel
from moto.core.exceptions import ServiceException
from moto.core.responses import BaseResponse

SERVICES: dict[str, type[BaseResponse]] = {}
EXECUTES: dict[str, set[str]] = {}
ROUTES: dict[str, Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]] = {}
_FIRST: dict[str, list[Callable[[], object]]] = {}


class AwsError(ServiceException):
    """An answer that AWS gives to a bad request: a code and a sentence; the HTTP status is the one of AWS's model."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class NotEmulated(NotImplementedError):
    """A request asks for a part of an operation that the embedded AWS would not carry out; the text names it."""


def swap_responses(service: str, responses: type[BaseResponse]) -> None:
    """Send the requests of moto's service to another response class; works until the service's first request."""
    urls = importlib.import_module(f"moto.{service}.urls")
    for url in urls.url_paths:
        urls.url_paths[url] = responses.dispatch


def swap_backend(backends: BackendDict, backend: type) -> None:
    """Build the states of an AWS service from another class; works until the service is first used."""
    # moto looks for a service's urls beside its backend's class; ours lives elsewhere.
    package = backends.backend.__module__.rpartition(".")[0]
    backend._url_module = importlib.import_module(f"{package}.urls")  # type: ignore[attr-defined]
    backends.backend = backend


def forget_instances() -> None:
    """Let go of what is deleted; moto remembers each message and object that ever was, for its dashboard."""
    BaseModel.__new__ = lambda cls, *_, **__: object.__new__(cls)  # type: ignore[method-assign,assignment]


def at_first_request(service: str, change: Callable[[], object]) -> None:
    """Change moto's service when it is first asked for, where only loading it takes long."""
    _FIRST.setdefault(service, []).append(change)


def create_app(service: Any) -> Any:
    """Make moto's application of a service, with what waits for its first request."""
    from moto.moto_server.werkzeug_app import create_backend_app

    for change in _FIRST.pop(service, []):
        change()
    return create_backend_app(service)


def register_service(scope: str, responses: type[BaseResponse]) -> None:
    """Answer for a service that moto lacks, for example `codestar-connections`."""
    SERVICES[scope] = responses


def executes(service: str, *operations: str) -> None:
    """Say that operations of moto's make something happen, by what was put into its models: `sns`, `publish`."""
    EXECUTES.setdefault(service, set()).update(operations)


def register_route(prefix: str, application: Callable[..., Iterable[bytes]]) -> None:
    """Give every request below a path to a WSGI application."""
    ROUTES[prefix] = application
