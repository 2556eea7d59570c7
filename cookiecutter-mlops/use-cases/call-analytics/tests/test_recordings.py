"""Recordings and transcripts become requests: sound is really written, read, resampled and cut; Whisper is tiny."""

import json
import sys

import numpy as np
import pytest
import soundfile
from calls import settings_for, table

from inference import audio, handler, recordings
from training import model

RATE = 8000  # of a telephone


def tone(*seconds: tuple[float, float], length: float, rate: int = RATE) -> np.ndarray:
    """A channel with a noise of speech from one second to another, and the hiss of a line elsewhere."""
    random = np.random.default_rng(0)
    samples = random.normal(scale=0.001, size=int(length * rate))
    for start, end in seconds:
        places = slice(int(start * rate), int(end * rate))
        samples[places] += random.normal(scale=0.1, size=places.stop - places.start)
    return samples


@pytest.fixture
def folder(tmp_path):
    """A call of two channels, in which the agent speaks first and the customer twice, once at the same time."""
    agent, customer = tone((0.5, 2), (5, 6), length=8), tone((2.5, 4), (5.5, 7), length=8)
    soundfile.write(tmp_path / "one.wav", np.column_stack([agent, customer]), RATE, subtype="ULAW")
    return tmp_path


def heard(samples: np.ndarray) -> str:
    return f"{len(samples) / audio.RATE:.1f} seconds"


def test_sound_is_resampled_and_keeps_its_channels(folder):
    samples = audio.load(folder / "one.wav")
    assert samples.shape == (8 * audio.RATE, 2)
    assert samples.dtype == np.float32
    loud = np.abs(samples).reshape(8, audio.RATE, 2).mean(axis=1) > 0.02
    assert np.flatnonzero(loud[:, 0]).tolist() == [0, 1, 5]
    assert np.flatnonzero(loud[:, 1]).tolist() == [2, 3, 5, 6]


def test_channels_are_cut_at_silences_in_the_order_of_what_is_said(folder):
    pieces = audio.pieces(audio.load(folder / "one.wav"))
    assert [piece.channel for piece in pieces] == [0, 1, 0, 1]
    assert [piece.start for piece in pieces] == pytest.approx([0.5, 2.5, 5, 5.5], abs=0.05)
    assert [piece.end for piece in pieces] == pytest.approx([2, 4, 6, 7], abs=0.05)


def test_silence_is_measured(folder):
    samples = audio.load(folder / "one.wav")
    told = audio.measures(samples, audio.pieces(samples))
    assert told["seconds"] == 8
    assert told["silence"] == pytest.approx(3 / 8, abs=0.02)
    assert told["overlap"] == pytest.approx(0.5 / 8, abs=0.02)
    assert told["longest_silence"] == pytest.approx(1, abs=0.05)


def test_silent_recording_has_nothing_to_say():
    samples = np.zeros((audio.RATE, 1), dtype=np.float32)
    assert audio.pieces(samples) == []
    assert audio.measures(samples, [])["silence"] == 1


def test_long_speech_is_cut_where_it_is_quietest():
    samples = tone((0, 90), length=90, rate=audio.RATE)
    samples[25 * audio.RATE : int(25.2 * audio.RATE)] *= 0.01  # takes a breath, which is no pause
    pieces = audio.pieces(samples[:, np.newaxis].astype(np.float32))
    assert max(piece.end - piece.start for piece in pieces) <= audio.PIECE
    assert pieces[0].end == pytest.approx(25.1, abs=0.11)
    assert [one.end for one in pieces[:-1]] == [other.start for other in pieces[1:]]
    assert (pieces[0].start, pieces[-1].end) == pytest.approx((0, 90), abs=0.02)


def test_channels_are_speakers(folder):
    ((name, paths),) = recordings.found(folder)
    call = recordings.instance(name, paths, heard)
    assert call["turns"] == [
        {"speaker": "agent", "text": "1.5 seconds"},
        {"speaker": "customer", "text": "1.5 seconds"},
        {"speaker": "agent", "text": "1.0 seconds"},
        {"speaker": "customer", "text": "1.5 seconds"},
    ]


def test_transcript_beside_a_recording_is_used_as_it_is(folder):
    (folder / "one.txt").write_text("Agent: good morning\ncustomer: i lost: my card\n  today\n")
    ((name, paths),) = recordings.found(folder)
    call = recordings.instance(name, paths, transcriber=None)
    assert call["turns"] == [
        {"speaker": "agent", "text": "good morning"},
        {"speaker": "customer", "text": "i lost: my card today"},
    ]
    assert call["seconds"] == 8


PROBLEMS = {
    "corrupt.wav": (b"RIFF and then nothing", "corrupt.wav: this is no audio"),
    "nothing.wav": (b"", "nothing.wav: this is no audio"),
    "latin.txt": ("agent: buenos días".encode("latin-1"), "latin.txt: a transcript must be UTF-8; byte 15 is not."),
    "broken.json": (b'[{"speaker"', "broken.json: this transcript is not JSON"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_call_that_cannot_be_read_says_why(tmp_path, name):
    content, words = PROBLEMS[name]
    (tmp_path / name).write_bytes(content)
    ((call, paths),) = recordings.found(tmp_path)
    told = recordings.instance(call, paths, heard)
    assert set(told) == {"call", "problem"}
    assert told["problem"].startswith(words)


def test_recording_that_cannot_be_heard_says_why(folder):
    soundfile.write(folder / "three.flac", np.zeros((RATE, 3)), RATE)
    soundfile.write(folder / "void.wav", np.zeros((0, 1)), RATE)
    told = {name: recordings.instance(name, paths, None)["problem"] for name, paths in recordings.found(folder)}
    assert "no --whisper to make one" in told["one"]
    assert told["void"] == "void.wav: there is no sound in it."
    three = dict(recordings.found(folder))["three"]
    assert "at most 2 channels" in recordings.instance("three", three, heard)["problem"]


def test_each_call_is_written_once_and_broken_ones_take_no_other_along(folder, monkeypatch, capsys):
    monkeypatch.setattr(recordings, "TOGETHER", 2)
    for name, (content, _) in PROBLEMS.items():
        (folder / name).write_bytes(content)
    (folder / "empty.json").write_text("[]")
    target = folder.parent / "batch"
    monkeypatch.setattr(sys, "argv", ["recordings", str(folder), str(target), "--day", "2026-01-31"])
    recordings.main()
    assert "6 new calls, 5 of them with a problem" in capsys.readouterr().out
    (folder / "late.txt").write_text("customer: i lost my card")
    recordings.main()
    assert "1 new calls, 0 of them with a problem" in capsys.readouterr().out
    written = [json.loads(path.read_text())["instances"] for path in sorted(target.glob("day=2026-01-31/*.json"))]
    calls = [call for each in written for call in each]
    assert sorted(call["call"] for call in calls) == ["broken", "corrupt", "empty", "late", "latin", "nothing", "one"]
    served = handler.serve(model.fit(table(), settings_for()))
    answered = handler.predict(served, calls)["details"]
    assert {one["call"] for one in answered if "problem" not in one} == {"late"}
    assert next(one for one in answered if one["call"] == "empty")["problem"] == handler.EMPTY


def test_whisper_hears_a_recording(folder, tmp_path_factory):
    """A tiny one with random weights: what it says means nothing, but every step from sound to words is real."""
    pytest.importorskip("faster_whisper", reason="pip install -r requirements/speech.txt runs this test")
    import tiny_whisper

    from inference.transcribe import whisper

    transcribe = whisper(str(tiny_whisper.make(tmp_path_factory.mktemp("model") / "whisper")))
    ((name, paths),) = recordings.found(folder)
    call = recordings.instance(name, paths, transcribe)
    assert [turn["speaker"] for turn in call["turns"]] == ["agent", "customer", "agent", "customer"]
    assert any(turn["text"] for turn in call["turns"])
