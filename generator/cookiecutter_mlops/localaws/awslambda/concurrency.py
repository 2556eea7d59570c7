"""How many invocations of a function run at once, against the concurrency that is reserved for it."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cookiecutter_mlops.localaws.extension import AwsError

if TYPE_CHECKING:
    from cookiecutter_mlops.localaws.awslambda.models import LambdaFunction

_RUNNING: Counter[tuple[str, str, str]] = Counter()
_LOCK = threading.Lock()


@contextmanager
def slot(function: "LambdaFunction") -> Iterator[None]:
    """Hold one of a function's concurrent invocations; raise TooManyRequestsException if all reserved ones are held."""
    key, reserved = (function.account_id, function.region, function.function_name), _reserved(function)
    with _LOCK:
        if reserved is not None and _RUNNING[key] >= reserved:
            raise AwsError("TooManyRequestsException", "Rate Exceeded.")
        _RUNNING[key] += 1
    try:
        yield
    finally:
        with _LOCK:
            _RUNNING[key] -= 1


def _reserved(function: "LambdaFunction") -> int | None:
    from moto.awslambda.models import lambda_backends

    unqualified = lambda_backends[function.account_id][function.region].get_function(function.function_name)
    return None if unqualified.reserved_concurrency is None else int(unqualified.reserved_concurrency)
