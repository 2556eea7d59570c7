"""Several machines, here threads of one, that reach each other at a free port."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

from training import hosts
from training.hosts import Hosts

NAMES = ("127.0.0.1", "algo-2", "algo-3")


def on_each(function: Callable[[Hosts], Any], count: int) -> list[Any]:
    """What a function gives on each machine."""
    names = NAMES[:count]
    with socket.socket() as probe:
        probe.bind((NAMES[0], 0))
        port = probe.getsockname()[1]
    with mock.patch.object(hosts, "PORT", port), ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, [Hosts(names, name) for name in names]))
