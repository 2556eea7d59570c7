"""Clients that take their time, models that do, and what a handler may bring: types, coroutines, streams."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx2 as httpx
from serving import serving

from inference import connections, handler, server
from inference.server import App

JSON = {"content-type": "application/json"}
HEAD = b"POST /invocations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"


def test_clients_that_are_slow_are_given_up(client, monkeypatch):
    monkeypatch.setattr(connections, "SLOWEST", 0.2)
    begun = (b"", b"POST /invo", HEAD, HEAD + b"content-length: 9\r\n\r\n{")
    with ExitStack() as stack:
        address = client.base_url.host, client.base_url.port
        slow = [stack.enter_context(socket.create_connection(address, timeout=10)) for _ in begun]
        for one, sent in zip(slow, begun, strict=True):
            one.sendall(sent)
        assert [one.recv(12) for one in slow] == [b"HTTP/1.1 408"] * len(begun)


def test_request_that_took_its_time_is_answered(client, samples):
    content = json.dumps(samples[0]["request"]).encode()
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as slow:
        slow.sendall(HEAD)
        time.sleep(0.1)
        slow.sendall(b"content-length: %d\r\n\r\n" % len(content) + content[:5])
        time.sleep(0.1)
        slow.sendall(content[5:])
        assert slow.recv(100).startswith(b"HTTP/1.1 200")


def test_slow_rung_answers_requests_together(trained, samples, monkeypatch):
    monkeypatch.setattr(server, "ALONE", ())
    right, read, sizes, arrived = handler.answer, handler.read, [], []

    def counted(model, instances):
        arrived.append(instances)
        return read(model, instances)

    def slow(model, rows):
        sizes.append(len(rows))
        time.sleep(0.05)  # from then on it has a thread, beside which the others arrive
        while threading.current_thread().name.startswith("ThreadPoolExecutor") and len(arrived) < 12:
            time.sleep(0.01)
        return right(model, rows)

    app = App(trained / "model")
    monkeypatch.setattr(handler, "answer", slow)
    monkeypatch.setattr(handler, "read", counted)
    with serving(app) as client:
        got: dict[int, httpx.Response] = {}

        def ask(number):
            body = samples[number % len(samples)]["request"]
            if number == 5:
                body = {"instances": [{"no_such_field": 1}]}
            got[number] = client.post("/invocations", json=body)

        threads = [threading.Thread(target=ask, args=[number]) for number in range(12)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert got.pop(5).status_code == 422
    for number, answer in got.items():
        assert answer.json() == samples[number % len(samples)]["response"]
    assert max(sizes) > 1


def test_slow_answer_does_not_make_a_server_look_dead(trained, samples, monkeypatch):
    right, asked, go_on = handler.answer, threading.Event(), threading.Event()

    def slow(model, rows):
        if len(rows) > 1:
            asked.set()
            assert go_on.wait(60)
        return right(model, rows)

    monkeypatch.setattr(server, "ALONE", ())
    monkeypatch.setattr(handler, "SLOWEST", 60.0, raising=False)
    monkeypatch.setattr(handler, "answer", slow)
    body = {"instances": samples[0]["request"]["instances"] * 2}
    with serving(App(trained / "model")) as client, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, "/invocations", json=body)
        assert asked.wait(60)
        ping = client.get("/ping", timeout=20)
        go_on.set()
        assert (ping.status_code, answer.result().status_code) == (200, 200)


def test_handler_brings_other_content_types_and_may_be_asynchronous(trained, monkeypatch):
    async def answer(model, rows):
        return {"predictions": [len(row) for row in rows]}

    monkeypatch.setattr(handler, "READERS", {"audio/wav": lambda body: [body]}, raising=False)
    total = {"text/x-sum": lambda answer: b"%d" % sum(answer["predictions"])}
    monkeypatch.setattr(handler, "WRITERS", total, raising=False)
    monkeypatch.setattr(handler, "read", lambda model, instances: instances)
    monkeypatch.setattr(handler, "answer", answer)
    with serving(App(trained / "model")) as client:
        answered = client.post("/invocations", content=b"RIFF", headers={"content-type": "audio/wav"})
        kinds = {"content-type": "audio/wav", "accept": "text/x-sum"}
        summed = client.post("/invocations", content=b"RIFF", headers=kinds)
    assert answered.json() == {"predictions": [4]}
    assert (summed.content, summed.headers["content-type"]) == (b"4", "text/x-sum")


def test_answer_that_the_handler_streams_arrives_in_pieces(trained, samples, monkeypatch):
    def stream(model, rows):
        return iter([b"data: 1\n\n", b"data: 2\n\n"])

    monkeypatch.setattr(handler, "STREAMS", {"text/event-stream": stream}, raising=False)
    with serving(App(trained / "model")) as client:
        wanted = {"accept": "text/event-stream"}
        with client.stream("POST", "/invocations", json=samples[0]["request"], headers=wanted) as answer:
            pieces = b"".join(answer.iter_raw())
        refused = client.post("/invocations", content=b"{", headers=JSON | wanted)
        plain = client.post("/invocations", json=samples[0]["request"])
    assert (answer.headers["content-type"], pieces) == ("text/event-stream", b"data: 1\n\ndata: 2\n\n")
    assert (refused.status_code, plain.json()) == (400, samples[0]["response"])
