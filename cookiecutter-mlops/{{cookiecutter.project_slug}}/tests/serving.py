"""The server in a thread of the tests, and a client that asks it over HTTP."""

import threading
import time
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
        while not running.started:  # until then the socket refuses connections
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
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
