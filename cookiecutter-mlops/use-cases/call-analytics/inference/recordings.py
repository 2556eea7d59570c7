"""Make files for batch inference from a folder of recordings and transcripts; each call is in one file, once.

    python -m inference.recordings calls/ batch/ --day 2026-01-31 --whisper small

`a/7.wav` and `a/7.json` or `a/7.txt` beside it are the call `a/7`. A transcript is used as it is, whether it is
[{"speaker": …, "text": …}] or lines such as `agent: good morning`; only a recording without one is transcribed, each
channel a speaker. A call that cannot be read is written with the sentence that says why, and the others go on. What is
in batch/ already is not done again.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from inference import audio
from inference.transcribe import Transcriber, whisper
from training.cells import DataError

SOUND = (".wav", ".flac", ".ogg", ".mp3")
WORDS = (".json", ".txt")
TOGETHER = 100  # calls in a file
SPEAKERS = ("agent", "customer")  # the first channel's and the second one's


def main() -> None:
    parser = argparse.ArgumentParser(description="Make files for batch inference from recordings and transcripts.")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--day", type=date.fromisoformat, default=datetime.now(UTC).date(), help="of these calls")
    parser.add_argument("--whisper", help="model for recordings without a transcript, such as small, or its folder")
    given = parser.parse_args()
    told = write(given.source, given.target / f"day={given.day}", given.whisper and whisper(given.whisper))
    print(f"{told['calls']} new calls, {told['problems']} of them with a problem, are in {given.target}.")


def write(source: Path, target: Path, transcriber: Transcriber | None = None) -> dict[str, int]:
    """Write every call of `source` that is not below `target`'s parent; returns how many there were."""
    target.mkdir(parents=True, exist_ok=True)
    known = {
        call["call"] for path in target.parent.rglob("*.json") for call in json.loads(path.read_text())["instances"]
    }
    pending = [(name, paths) for name, paths in found(source) if name not in known]
    told = {"calls": 0, "problems": 0}
    for first in range(0, len(pending), TOGETHER):
        some = pending[first : first + TOGETHER]
        calls = [instance(name, paths, transcriber) for name, paths in some]
        digest = hashlib.sha256("\n".join(name for name, _ in some).encode()).hexdigest()[:16]
        half = target / f"calls-{digest}.part"  # a run that is interrupted leaves no half of a file
        half.write_text(json.dumps({"instances": calls}))
        half.rename(half.with_suffix(".json"))
        told["calls"] += len(calls)
        told["problems"] += sum("problem" in call for call in calls)
    return told


def found(source: Path) -> Iterator[tuple[str, list[Path]]]:
    """Each call's name, the path without its suffix, and its files."""
    files = sorted(path for path in source.rglob("*") if path.suffix.lower() in SOUND + WORDS)
    for path, same in groupby(sorted(files, key=lambda path: path.with_suffix("")), lambda path: path.with_suffix("")):
        yield path.relative_to(source).as_posix(), list(same)


def instance(name: str, paths: list[Path], transcriber: Transcriber | None) -> dict[str, Any]:
    """A call as a request has it, or its problem."""
    try:
        return {"call": name, **_read(paths, transcriber)}
    except DataError as error:
        return {"call": name, "problem": str(error)}


def _read(paths: list[Path], transcriber: Transcriber | None) -> dict[str, Any]:
    sounds, words = ([path for path in paths if path.suffix.lower() in kinds] for kinds in (SOUND, WORDS))
    if len(sounds) > 1 or len(words) > 1:
        raise DataError(f"{paths[0].stem}: there are several files of one kind: {', '.join(p.name for p in paths)}.")
    turns = transcript(words[0]) if words else None
    if not sounds:
        return {"turns": turns}
    samples = audio.load(sounds[0])
    pieces = audio.pieces(samples)
    if turns is None:
        turns = _transcribed(sounds[0], samples, pieces, transcriber)
    return {"turns": turns, **audio.measures(samples, pieces)}


def _transcribed(
    path: Path, samples: Any, pieces: list[audio.Piece], transcriber: Transcriber | None
) -> list[dict[str, str]]:
    if transcriber is None:
        raise DataError(f"{path.name}: there is no transcript beside it, and no --whisper to make one, such as small.")
    if samples.shape[1] > len(SPEAKERS):
        raise DataError(f"{path.name}: at most {len(SPEAKERS)} channels are known, not {samples.shape[1]}.")
    speakers = SPEAKERS[-samples.shape[1] :]  # one channel alone is taken for the customer's
    return [{"speaker": speakers[piece.channel], "text": transcriber(audio.cut(samples, piece))} for piece in pieces]


def transcript(path: Path) -> list[dict[str, str]]:
    """The turns in a transcript; a DataError names the file and the rule."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return json.loads(text) if path.suffix.lower() == ".json" else _lines(text)
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: a transcript must be UTF-8; byte {error.start} is not.") from None
    except ValueError as error:
        raise DataError(f"{path.name}: this transcript is not JSON: {error}.") from None


def _lines(text: str) -> list[dict[str, str]]:
    """Lines such as `agent: good morning`; a line without a speaker goes on with the turn before."""
    turns: list[dict[str, str]] = []
    for line in filter(str.strip, text.splitlines()):
        speaker, _, words = line.partition(":")
        if speaker.strip().lower() in SPEAKERS:
            turns.append({"speaker": speaker.strip().lower(), "text": words.strip()})
        elif turns:
            turns[-1]["text"] += f" {line.strip()}"
        else:
            turns.append({"speaker": SPEAKERS[-1], "text": line.strip()})
    return turns


if __name__ == "__main__":
    main()
