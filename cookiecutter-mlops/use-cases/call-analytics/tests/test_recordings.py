"""Recordings and transcripts become requests, and calls that are answered; Whisper is tiny."""

import dataclasses
import json
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import soundfile
from calls import settings_for, table
from sound import RATE, tone, two_channels

from inference import audio, handler, recordings
from training import model
from training.settings import SettingsError, UserError


@pytest.fixture
def folder(tmp_path):
    """A folder with the recording of one call."""
    two_channels(tmp_path / "one.wav")
    return tmp_path


def heard(samples: np.ndarray) -> str:
    return f"{len(samples) / audio.RATE:.1f} seconds"


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
    "robot.json": (b'[{"speaker": "robot", "text": "hi"}]', "robot.json: turn 1 must be like"),
    "object.json": (b'{"turns": []}', "object.json: a transcript must be a list of turns"),
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
    assert "no Whisper to make one" in told["one"]
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
    assert "8 new calls, 7 of them with a problem" in capsys.readouterr().out
    (folder / "late.txt").write_text("customer: i lost my card")
    recordings.main()
    assert "1 new calls, 0 of them with a problem" in capsys.readouterr().out
    written = [json.loads(path.read_text())["instances"] for path in sorted(target.glob("day=2026-01-31/*.json"))]
    calls = [call for each in written for call in each]
    names = ["broken", "corrupt", "empty", "late", "latin", "nothing", "object", "one", "robot"]
    assert sorted(call["call"] for call in calls) == names
    served = handler.serve(model.fit(table(), settings_for()))
    answered = handler.predict(served, calls)["details"]
    assert {one["call"] for one in answered if "problem" not in one} == {"late"}
    assert next(one for one in answered if one["call"] == "empty")["problem"] == handler.EMPTY


KILLED = """
import sys, time
from pathlib import Path
from inference import recordings

def heard(samples, calls=[]):
    calls.append(1)
    if len(calls) > 4:
        print("in the middle", flush=True)
        time.sleep(600)
    return "i lost my card"

recordings.TOGETHER = 2
recordings.write(Path(sys.argv[1]), Path(sys.argv[2]), heard)
"""


def test_run_that_is_killed_goes_on_and_each_call_is_there_once(tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "TOGETHER", 2)
    names = [f"call{number}" for number in range(7)]
    (source := tmp_path / "calls").mkdir()
    for name in names:
        soundfile.write(source / f"{name}.wav", tone((0.1, 0.4), length=0.6), RATE)
    target = tmp_path / "batch/day=2026-01-31"
    command = [sys.executable, "-c", KILLED, str(source), str(target)]
    root = Path(recordings.__file__).parent.parent
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "in the middle\n"  # of the fifth call; the first four are in two files
        process.kill()
    assert len(list(target.glob("*.json"))) == 2
    assert recordings.write(source, target, lambda samples: "hello") == {"calls": 3, "problems": 0}
    calls = [call for path in target.glob("*.json") for call in json.loads(path.read_text())["instances"]]
    assert sorted(call["call"] for call in calls) == names
    assert sorted(call["turns"][0]["text"] for call in calls) == ["hello"] * 3 + ["i lost my card"] * 4


def test_whisper_that_cannot_be_opened_ends_a_run_and_blames_no_call(folder, monkeypatch):
    library = types.SimpleNamespace(WhisperModel=lambda model, device: open(model))  # as without network  # noqa: SIM115
    target = folder / "batch"
    for found, words in ((None, "needs faster-whisper"), (library, "Whisper 'none' cannot be opened: .*No such file")):
        monkeypatch.setitem(sys.modules, "faster_whisper", found)
        monkeypatch.setattr(sys, "argv", ["recordings", str(folder), str(target), "--whisper", "none"])
        with pytest.raises(SystemExit, match=words):
            recordings.main()
    with pytest.raises(UserError, match=r"nowhere: must be a folder of recordings"):
        recordings.write(folder / "nowhere", target)
    assert not target.exists()


def test_recordings_are_packed_for_the_batch_job_once(folder, served_with):
    (folder / "corrupt.wav").write_bytes(b"RIFF and then nothing")
    (folder / "told.txt").write_text("customer: i lost my card")
    target = folder.parent / "packed/day=2026-01-31"
    assert recordings.write(folder, target, pack=True) == {"calls": 3, "problems": 0}
    assert recordings.write(folder, target, pack=True) == {"calls": 0, "problems": 0}
    assert sorted(path.name for path in (target / "sound").iterdir()) == ["corrupt.json", "one.json"]
    served = served_with("i lost my card")
    answers = [handler.predict(served, json.loads(path.read_text())["instances"]) for path in target.rglob("*.json")]
    details = {detail["call"]: detail for answer in answers for detail in answer["details"]}
    assert details["one"]["intents"] == details["told"]["intents"] == ["lost"]
    assert [turn["speaker"] for turn in details["one"]["turns"]] == ["agent", "customer", "agent", "customer"]
    assert (details["one"]["seconds"], details["told"].get("seconds")) == (8, None)
    assert details["corrupt"]["problem"].startswith("corrupt: this is no audio")


def test_body_that_is_a_recording_is_a_call(folder, served_with):
    read = handler.READERS["audio/wav"]
    body = (folder / "one.wav").read_bytes()
    (heard,) = handler.predict(served_with("i lost my card"), read(body))["details"]
    assert (heard["intents"], len(heard["call"]), heard["seconds"]) == (["lost"], 16, 8)
    (deaf,) = handler.predict(served_with(None), read(body))["details"]
    assert "no Whisper to make one" in deaf["problem"]
    (broken,) = handler.predict(served_with(None), [{"call": "b", "audio": "§"}])["details"]
    assert broken["problem"] == "audio must be a recording in base64."


@pytest.fixture
def served_with(monkeypatch):
    """Return a function: a model whose Whisper hears always the same, or that has none."""
    fitted = model.fit(table(), settings_for())

    def serve(words):
        monkeypatch.setattr(handler, "whisper", lambda folder: lambda samples: words)
        return handler.serve(dataclasses.replace(fitted, speech=words and "whisper"))

    return serve


def test_whisper_hears_a_recording_from_the_folder_of_a_model(folder, tmp_path, monkeypatch):
    """A tiny one with random weights: what it says means nothing, but every step from sound to words is real."""
    pytest.importorskip("faster_whisper", reason="pip install -r requirements/speech.txt runs this test")
    import tiny_whisper

    monkeypatch.chdir(tmp_path)
    tiny_whisper.make(tmp_path / "weights/tiny")
    own = settings_for(model={"name": "linear-svm", "weights": "tiny", "hyperparameters": {"C": 1.0}})
    (tmp_path / "model").mkdir()
    model.save(model.fit(table(), own), tmp_path / "model")
    served = handler.restore(tmp_path / "model")
    (told,) = handler.predict(served, handler.READERS["audio/wav"]((folder / "one.wav").read_bytes()))["details"]
    assert [turn["speaker"] for turn in told["turns"]] == ["agent", "customer", "agent", "customer"]
    assert any(turn["text"] for turn in told["turns"])


def test_weights_that_are_not_there_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = settings_for(model={"name": "linear-svm", "weights": "small", "hyperparameters": {}})
    with pytest.raises(SettingsError, match="there is no Whisper 'small'"):
        model.load(tmp_path / "calls.csv", own)
