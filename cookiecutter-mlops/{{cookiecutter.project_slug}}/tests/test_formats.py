"""Requests and answers in every format that the server takes, as monitoring reads them again in captured traffic."""

import json

import pytest

from inference import formats
from monitoring.capture import Counts, batches

FIELDS = ("size", "colour")
INSTANCES = [{"size": 1.5, "colour": "red"}, {"size": None, "colour": "blue"}]
ANSWER = {"predictions": [10.5, 20], "probabilities": [{"yes": 0.25, "no": 0.75}, {"yes": 1.0, "no": 0.0}]}
REQUESTS = [
    ("application/json", json.dumps({"instances": INSTANCES})),
    ("application/json; charset=utf-8", json.dumps([[*one.values()] for one in INSTANCES])),
    ("application/json", json.dumps({"split": {"columns": FIELDS, "data": [[*one.values()] for one in INSTANCES]}})),
    ("application/json", json.dumps({"instances": INSTANCES, "messages": [], "temperature": 0})),
    ("application/jsonlines", "\n".join(map(json.dumps, INSTANCES))),
]


@pytest.mark.parametrize("kind", [formats.JSON, formats.NDJSON, formats.CSV])
def test_predictions_are_read_from_what_was_written(kind):
    assert formats.answer(formats.write(ANSWER, kind), kind)["predictions"] == ANSWER["predictions"]


def test_csv_answer_has_the_probabilities_behind_the_prediction():
    assert formats.write(ANSWER, formats.CSV) == b"10.5,0.25,0.75\n20,1.0,0.0\n"


@pytest.mark.parametrize("label", ["large", True, False, "a,b", 3])
def test_label_survives_csv(label):
    assert formats.answer(formats.write({"predictions": [label]}, formats.CSV), formats.CSV) == {"predictions": [label]}


@pytest.mark.parametrize(("kind", "body"), REQUESTS)
def test_captured_request_of_any_format_gives_the_same_instances(tmp_path, kind, body):
    messages = {
        "endpointInput": {"observedContentType": kind, "encoding": "JSON", "data": body},
        "endpointOutput": {"observedContentType": "text/csv", "encoding": "CSV", "data": "10.5\n20\n"},
    }
    metadata = {"eventId": "a", "inferenceTime": "2026-01-02T03:04:05Z"}
    (tmp_path / "a.jsonl").write_text(json.dumps({"captureData": messages, "eventMetadata": metadata}))
    counts = Counts()
    (batch,) = batches(tmp_path, 1.0, counts, FIELDS)
    assert (batch.instances, batch.answers, counts.unreadable) == (INSTANCES, [10.5, 20], 0)


@pytest.mark.parametrize("body", [{"messages": []}, {"instances": INSTANCES, "records": INSTANCES}, {}])
def test_object_without_instances_or_with_two_lists_of_them_is_refused(body):
    with pytest.raises(formats.Refused, match="the field instances"):
        formats.instances(formats.readers(FIELDS)[formats.JSON], json.dumps(body).encode())


def test_captured_request_that_no_reader_knows_is_counted(tmp_path):
    message = {"observedContentType": "audio/wav", "encoding": "JSON", "data": "x"}
    metadata = {"eventId": "a", "inferenceTime": "2026-01-02T03:04:05Z"}
    line = json.dumps({"captureData": {"endpointInput": message}, "eventMetadata": metadata})
    (tmp_path / "a.jsonl").write_text(line)
    counts = Counts()
    assert list(batches(tmp_path, 1.0, counts, FIELDS)) == []
    assert counts.unreadable == 1
