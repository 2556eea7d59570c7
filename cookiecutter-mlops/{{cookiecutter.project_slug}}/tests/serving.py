"""The server in a thread of the tests, and a client that asks it over HTTP."""

import threading
from contextlib import contextmanager

import httpx2 as httpx
import pytest

from inference import connections, server
from inference.server import App


@contextmanager
def serving(app):
    """An HTTP client of an application, served in a thread."""
    config = server.configured(app, "127.0.0.1", 0)
    listening, running = config.bind_socket(), connections.Server(config)
    thread = threading.Thread(target=running.run, args=[[listening]])
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=30) as client:
            yield client
    finally:
        running.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture(scope="module")
def client(trained):
    with serving(App(trained / "model")) as client:
        yield client
