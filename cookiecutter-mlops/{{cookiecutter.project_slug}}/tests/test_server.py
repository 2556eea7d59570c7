"""The server, asked over HTTP as SageMaker and applications ask it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from inference.server import LARGEST, create_app

ROOT = Path(__file__).parent.parent
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def client(trained):
    with TestClient(create_app(trained / "model"), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def samples(trained):
    return json.loads((trained / "model/samples.json").read_text())


def test_ping_names_the_model(client, trained):
    manifest = json.loads((trained / "model/manifest.json").read_text())
    answer = client.get("/ping")
    assert answer.status_code == 200
    assert answer.json()["data_version"] == manifest["data_version"]


def test_recorded_requests_get_their_recorded_answers(client, samples):
    for sample in samples:
        assert client.post("/invocations", json=sample["request"]).json() == sample["response"]


def test_many_instances_get_as_many_answers_in_their_order(client, samples):
    instances = [sample["request"]["instances"][0] for sample in samples]
    answers = client.post("/invocations", json={"instances": instances * 3}).json()["predictions"]
    assert answers == [sample["response"]["predictions"][0] for sample in samples] * 3


def test_csv_gets_the_same_answer_as_json(client, samples):
    instance = samples[0]["request"]["instances"][0]
    texts = ["" if value is None else str(value) for value in instance.values()]
    body = ",".join(instance) + "\r\n" + ",".join(texts) + "\r\n"
    answer = client.post("/invocations", content=body, headers={"content-type": "text/csv; charset=utf-8"})
    assert answer.json() == samples[0]["response"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"[" * 100_000, 400, "not JSON"),
        (b'{"instances": [{"a": NaN}]}', 400, "NaN"),
        (b"\xff", 400, "UTF-8"),
        (b"9" * 5000, 400, "not JSON"),
        (b"[]", 422, "instances"),
        (b"{}", 422, "instances"),
        (b'{"instances": []}', 422, "at least one"),
        (b'{"instances": {"a": 1}}', 422, "list"),
        (b'{"instances": [1]}', 422, "instances[0]"),
        (b'{"instances": [{}, null]}', 422, "instances[1]"),
        (b'{"instances": [{"no_such_field": 1}]}', 422, "no_such_field"),
        (b'{"instances": [{"\\ud800": 1}]}', 422, "ud800"),
    ],
)
def test_bad_json_gets_one_sentence(client, body, status, words):
    answer = client.post("/invocations", content=body, headers=JSON)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 422),
        ("a,b\n1\n", 400),
        ("a,a\n1,2\n", 400),
        ('a\n"', 400),
        ("a\n" + "x" * 200_000, 400),
        ("zz\n1\n", 422),
    ],
)
def test_bad_csv_gets_one_sentence(client, body, status):
    answer = client.post("/invocations", content=body, headers={"content-type": "text/csv"})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


@pytest.mark.parametrize("kind", ["application/x-npy", "application/x-python-pickle", "text/plain", ""])
def test_other_content_type_is_refused(client, kind):
    answer = client.post("/invocations", content=b"x", headers={"content-type": kind})
    assert answer.status_code == 415
    assert "application/json" in answer.json()["error"]


def test_request_that_is_too_large_is_refused(client):
    assert client.post("/invocations", content=b" " * (LARGEST + 1), headers=JSON).status_code == 413


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/invocations", 405), ("GET", "/", 404)])
def test_other_routes_are_refused(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert "error" in answer.json()


def test_any_value_in_any_field_is_answered_or_refused_with_its_name(client, samples):
    instance = samples[0]["request"]["instances"][0]
    strange = [None, True, -1e308, 1e999, 10**300, "", "abc", "\x00", "9" * 400, [], {}, [1, 2], "2024-02-30"]
    for name in instance:
        for value in strange:
            body = json.dumps({"instances": [instance | {name: value}]}).replace("Infinity", "1e999")
            answer = client.post("/invocations", content=body, headers=JSON)
            assert answer.status_code in (200, 422), (name, value, answer.text)
            assert answer.status_code == 200 or name in answer.json()["error"], answer.text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_real_process_answers_and_ends_on_sigterm(trained, samples):
    port = free_port()
    environment = os.environ | {"SM_BASE_DIR": str(trained), "SAGEMAKER_BIND_TO_PORT": str(port)}
    server = subprocess.Popen([sys.executable, "-m", "training.contract", "serve"], cwd=ROOT, env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_until_up(client, server)
            assert client.post("/invocations", json=samples[0]["request"]).json() == samples[0]["response"]
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
    finally:
        server.kill()


def wait_until_up(client: httpx.Client, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if client.get("/ping").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the server did not come up")
