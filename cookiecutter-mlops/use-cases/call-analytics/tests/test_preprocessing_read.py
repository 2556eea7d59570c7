"""A recording becomes a row for each turn, with the measures of its sound; what cannot be read says why."""

import json

import numpy as np
import pytest
import soundfile

from preprocessing import batch
from preprocessing.batch import Folders
from preprocessing.read import MEASURES, WORDS, read
from training.cells import DataError

RATE = 8000
SAID = [
    {"speaker": "agent", "text": "hello"},
    {"speaker": "customer", "text": "i lost my card", "slots": "O O O O", "intents": ["report_lost_card", "greeting"]},
]


@pytest.fixture
def folders(tmp_path):
    """Two recordings of which one has a transcript, a transcript by itself, and files that are broken."""
    source, labels = tmp_path / "source", tmp_path / "labels"
    (source / "day").mkdir(parents=True)
    (labels / "day").mkdir(parents=True)
    noise = np.random.default_rng(0).normal(scale=0.1, size=(2 * RATE, 2))
    noise[RATE:, :] *= 0.001
    for name in ("day/one.wav", "two.wav"):
        soundfile.write(source / name, noise, RATE, subtype="ULAW")
    (labels / "day/one.json").write_text(json.dumps(SAID))
    (source / "three.txt").write_text("agent: good morning\ncustomer: hello\n")
    (source / "broken.wav").write_bytes(b"RIFF")
    (source / "empty.json").write_text("[]")
    (source / "odd.json").write_text('[{"speaker": "agent"}]')
    (source / "latin.txt").write_bytes("agent: adi\xf3s".encode("latin-1"))
    return Folders(source, labels, tmp_path / "target")


def test_recording_becomes_turns_with_labels_and_measures(folders):
    (rows,) = read("day/one.wav", folders.source, folders.labels)
    assert rows.schema == WORDS | MEASURES
    assert rows["call"].to_list() == ["day/one", "day/one"]
    assert rows["intents"].to_list() == [None, "report_lost_card|greeting"]
    assert rows["seconds"].to_list() == [2, 2]
    assert rows["silence"][0] == pytest.approx(0.5, abs=0.03)


def test_transcript_stands_for_itself(folders):
    (rows,) = read("three.txt", folders.source, folders.labels)
    assert rows["text"].to_list() == ["good morning", "hello"]
    assert rows["seconds"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("two.wav", "there is no transcript"),
        ("broken.wav", "no audio that can be read"),
        ("empty.json", "nobody says a word"),
        ("odd.json", "odd.json: turn 1 must be like"),
        ("latin.txt", "must be UTF-8"),
        ("a.pdf", "must be a recording"),
    ],
)
def test_what_cannot_be_read_says_why(folders, name, sentence):
    with pytest.raises(DataError, match=sentence):
        list(read(name, folders.source, folders.labels))


def test_bad_calls_are_told_and_the_others_become_a_shard(folders):
    told = batch.prepare([name for names in batch.batches(folders.source) for name in names], folders)
    assert sum(item["rows"] for item in told["items"]) == 4
    assert sum(bool(item["problems"]) for item in told["items"]) == 5
    assert len(told["shards"]) == 1
