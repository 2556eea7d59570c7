"""A document becomes its words with boxes, and its fields; what cannot be read says why."""

import json

import made
import pytest

from preprocessing import batch
from preprocessing.batch import Folders
from preprocessing.read import SCHEMA, read
from training.cells import DataError
from training.document import parse


@pytest.fixture
def folders(tmp_path):
    source, labels = tmp_path / "source", tmp_path / "labels"
    source.mkdir()
    labels.mkdir()
    (source / "a.pdf").write_bytes(made.pdf([["Cafe Aurora", "TOTAL 12.50"]]))
    (labels / "a.json").write_text('{"total": "12.50"}')
    (source / "words.json").write_text('{"pages": [{"words": [{"text": "TOTAL", "box": [1, 2, 3, 4]}]}]}')
    (source / "locked.pdf").write_bytes(made.pdf([["x"]], locked=True))
    (source / "empty.pdf").write_bytes(b"")
    (source / "noise.pdf").write_bytes(b"\x00\x01")
    (source / "latin.json").write_bytes(b'{"\xf3": 1}')
    (source / "b.pdf").write_bytes(made.pdf([["x"]]))
    (labels / "b.json").write_text("12.50")
    return Folders(source, labels, tmp_path / "target")


def test_pdf_becomes_words_with_boxes_and_the_fields_of_its_label(folders):
    (row,) = read("a.pdf", folders.source, folders.labels)
    assert row.schema == SCHEMA
    assert json.loads(row["fields"][0]) == {"total": "12.50"}
    assert parse(row["document"][0]).text.split() == ["Cafe", "Aurora", "TOTAL", "12.50"]


def test_words_stay_as_they_are_and_have_no_fields_without_a_label(folders):
    (row,) = read("words.json", folders.source, folders.labels)
    assert parse(row["document"][0]).pages[0].words[0].box == (1, 2, 3, 4)
    assert row["fields"].to_list() == [None]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("locked.pdf", "locked.pdf: .*password"),
        ("empty.pdf", "0 bytes"),
        ("noise.pdf", "not a PDF or an image"),
        ("latin.json", "latin.json: .*UTF-8"),
        ("b.pdf", "b.pdf: its label must be"),
    ],
)
def test_what_cannot_be_read_says_why(folders, name, sentence):
    with pytest.raises(DataError, match=sentence):
        list(read(name, folders.source, folders.labels))


def test_bad_documents_are_told_and_the_others_become_a_shard(folders):
    told = batch.prepare([name for names in batch.batches(folders.source) for name in names], folders)
    assert {item["item"]: item["rows"] for item in told["items"] if item["rows"]} == {"a.pdf": 1, "words.json": 1}
    assert sum(bool(item["problems"]) for item in told["items"]) == 5
