"""The server, asked over HTTP as SageMaker and applications ask it."""

import csv
import io
import json

import pytest

from inference import formats, handler, server
from inference.server import LARGEST

JSON = {"content-type": "application/json"}


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


def csv_line(values) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(values)
    return buffer.getvalue()


def test_csv_gets_the_same_answer_as_json(client, samples):
    instance = samples[0]["request"]["instances"][0]
    body = csv_line(instance) + csv_line(instance.values())
    answer = client.post("/invocations", content=body, headers={"content-type": "text/csv; charset=utf-8"})
    assert answer.json() == samples[0]["response"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"[" * 100_000, 400, "nested"),
        (b'{"instances": [{"a": NaN}]}', 400, "NaN"),
        (b"\xff", 400, "not JSON"),
        (b"9" * 5000, 400, "not JSON"),
        (b'{"a": ' * 100_000, 400, "nested"),
        (b'{"instances": [1e999]}', 400, "out of range"),
        (b'{"instances": [{"a": Infinity}]}', 400, "use null"),
        (b'{"records": 1, "instances": []}', 422, "instances"),
        (b'{"split": {"columns": ["a", "a"], "data": [[1, 2]]}}', 422, "once"),
        (b'{"split": {"columns": ["a"], "data": [[1], [1, 2]]}}', 422, "instances[1]"),
        (b'{"columns": "a", "data": 1}', 422, "names and values"),
        (b'{"instances": [[1, 2]]}', 422, "2 values"),
        (b"7", 422, "instances"),
        (b"[]", 422, "instances"),
        (b"{}", 422, "instances"),
        (b'{"instances": []}', 422, "at least one"),
        (b'{"instances": {"a": 1}}', 422, "list"),
        (b'{"instances": [1]}', 422, "instances[0]"),
        (b'{"instances": [null, {}]}', 422, "instances[0]"),
        (b'{"instances": [{"no_such_field": 1}]}', 422, "no_such_field"),
        (b'{"instances": [{"\\ud800": 1}]}', 400, "not JSON"),
        (b'{"instances": [{"a": "\xff"}]}', 400, "UTF-8"),
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
        ('a\n"', 400),
        ("a\n" + "x" * 200_000, 400),
        ("zz,yy\n1,2\n", 422),
        ("1,2\n", 422),
    ],
)
def test_bad_csv_gets_one_sentence(client, body, status):
    answer = client.post("/invocations", content=body, headers={"content-type": "text/csv"})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


def first(samples):
    return samples[0]["request"]["instances"][0], samples[0]["response"]


SHAPES = [
    lambda one: {"instances": [one]},
    lambda one: {"records": [one]},
    lambda one: {"dataframe_records": [one]},
    lambda one: [one],
    lambda one: {"instances": [list(one.values())]},
    lambda one: {"split": {"columns": list(one), "data": [list(one.values())]}},
    lambda one: {"columns": list(one), "data": [list(one.values())], "index": [0]},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_json_gets_the_same_answer(client, samples, shape):
    instance, expected = first(samples)
    assert client.post("/invocations", json=shape(instance)).json() == expected


def test_last_of_duplicate_keys_counts(client, samples):
    instance, expected = first(samples)
    name, value = next(iter(instance.items()))
    body = json.dumps(instance).replace("{", "{" + json.dumps({name: "wrong"})[1:-1] + ", ", 1)
    assert json.loads(body)[name] == value
    assert client.post("/invocations", content=f"[{body}]", headers=JSON).json() == expected


def test_csv_without_a_header_is_read_in_the_order_of_the_columns(client, samples):
    instance, expected = first(samples)
    line = csv_line(instance.values())
    answer = client.post("/invocations", content=line * 2, headers={"content-type": "text/csv"})
    assert answer.json()["predictions"] == expected["predictions"] * 2


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/jsonlines"])
def test_lines_of_json_get_lines_of_answers(client, samples, kind):
    body = "\n".join(json.dumps(sample["request"]["instances"][0]) for sample in samples)
    answer = client.post("/invocations", content=body, headers={"content-type": kind, "accept": kind})
    assert answer.headers["content-type"] == kind
    lines = [json.loads(line)["prediction"] for line in answer.text.splitlines()]
    assert lines == [sample["response"]["predictions"][0] for sample in samples]
    wrong = client.post("/invocations", content=body + "\n{", headers={"content-type": kind})
    assert f"Line {len(samples) + 1} is not JSON" in wrong.text  # of the request, or of what is answered by itself
    assert client.post("/invocations", content="{", headers={"content-type": kind}).status_code == 400


def test_csv_answer_has_a_line_for_each_instance(client, samples):
    instances = [sample["request"]["instances"][0] for sample in samples]
    answer = client.post("/invocations", json={"instances": instances}, headers={"accept": "text/csv, */*"})
    first_cells = [cells[0] for cells in csv.reader(io.StringIO(answer.text))]
    expected = [sample["response"]["predictions"][0] for sample in samples]
    pairs = zip(first_cells, expected, strict=True)
    assert [cell if isinstance(one, str) else json.loads(cell) for cell, one in pairs] == expected


def test_answer_in_a_type_that_nobody_writes_is_refused(client, samples):
    answer = client.post("/invocations", json=samples[0]["request"], headers={"accept": "application/x-npy"})
    assert answer.status_code == 406


def test_bad_row_of_a_batch_is_named_by_its_place(client, samples):
    instances = [sample["request"]["instances"][0] for sample in samples]
    answer = client.post("/invocations", json={"instances": [*instances, instances[0] | {"no_such_field": 1}]})
    told = answer.json()
    place = f"instances[{len(instances)}]: there is no field 'no_such_field'"
    if answer.status_code == 422:  # a row of a table refuses its request
        assert place in told["error"]
    else:  # what is answered by itself is told in its place
        assert "there is no field 'no_such_field'" in json.dumps([entries[-1] for entries in told.values()])


def test_large_batch_is_answered_beside_the_event_loop(client, samples):
    instance, expected = first(samples)
    count = server.LARGE // len(json.dumps(instance)) + 100
    answer = client.post("/invocations", json={"instances": [instance] * count})
    predictions = answer.json()["predictions"]
    assert predictions == expected["predictions"] * count


def test_request_id_comes_back(client, samples):
    given = client.post("/invocations", json=samples[0]["request"], headers={"x-request-id": "order-4711"})
    assert given.headers["x-request-id"] == "order-4711"
    made = {client.get("/ping", headers={"x-request-id": "no id"}).headers["x-request-id"] for _ in range(3)}
    assert len(made) == 3


def test_log_tells_of_an_error_without_its_payload(client, capfd):
    client.post("/invocations", content=b'{"instances": [{"secret": "4711"}]}', headers=JSON)
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["status"] for line in lines if line["event"] == "request"] == [422]
    assert "4711" not in json.dumps(lines)


def test_mistake_of_ours_is_an_error_without_payload_or_traceback(client, samples, monkeypatch, capfd):
    secret = str(4700 + 11)  # in no line of source, which the log may show

    def broken(model, rows):
        raise ValueError(secret)

    monkeypatch.setattr(handler, "answer", broken)
    answer = client.post("/invocations", json=samples[0]["request"])
    assert (answer.status_code, answer.json()) == (500, {"error": server.BROKEN})
    log = capfd.readouterr().out
    assert ("ValueError" in log, secret in log) == (True, False)
    assert client.get("/ping").status_code == 500


def test_accept_header_names_the_type_of_the_answer():
    assert [formats.accepted(header) for header in ("", "*/*", "text/csv;q=1", "image/png, application/*")] == [
        "application/json", "application/json", "text/csv", "application/json",
    ]  # fmt: skip


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
    strange = [None, True, -1e308, 10**300, "", "abc", "\x00", "9" * 400, [], {}, [1, 2], "2024-02-30"]
    for name in instance:
        for value in strange:
            body = json.dumps({"instances": [instance | {name: value}]})
            answer = client.post("/invocations", content=body, headers=JSON)
            assert answer.status_code in (200, 422), (name, value, answer.text)
            assert answer.status_code == 200 or name in answer.json()["error"], answer.text
