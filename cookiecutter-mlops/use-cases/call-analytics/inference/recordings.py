"""Make files for batch inference from a folder of recordings and transcripts; each call is in one file, once.

    python -m inference.recordings calls/ batch/ --day 2026-01-31 --whisper small     # transcribed on this machine
    python -m inference.recordings calls/ batch/ --day 2026-01-31 --pack              # by the batch job

`a/7.wav` and `a/7.json` or `a/7.txt` beside it are the call `a/7`. A transcript is used as it is, whether it is
[{"speaker": …, "text": …}] or lines such as `agent: good morning`; only a recording without one is transcribed, each
channel a speaker; packed, it goes to the batch job as it is, in a file of its own. A call that cannot be read is
written with the sentence that says why, and the others go on. What is in batch/ already is not done again.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from inference.transcribe import SPEAKERS, Transcriber, heard, ready
from training.cells import DataError
from training.settings import UserError

SOUND = (".wav", ".flac", ".ogg", ".mp3")
WORDS = (".json", ".txt")
TOGETHER = 100  # calls in a file
PACKED = "sound"  # the folder of calls that the batch job transcribes


def main() -> None:
    parser = argparse.ArgumentParser(description="Make files for batch inference from recordings and transcripts.")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--day", type=date.fromisoformat, default=datetime.now(UTC).date(), help="of these calls")
    parser.add_argument("--whisper", help="model for recordings without a transcript, such as small, or its folder")
    parser.add_argument("--pack", action="store_true", help="leave recordings without a transcript to the batch job")
    given = parser.parse_args()
    try:
        transcriber = ready(given.whisper) if given.whisper else None
        told = write(given.source, given.target / f"day={given.day}", transcriber, given.pack)
    except UserError as error:
        sys.exit(str(error))
    print(f"{told['calls']} new calls, {told['problems']} of them with a problem, are in {given.target}.")


def write(source: Path, target: Path, transcriber: Transcriber | None = None, pack: bool = False) -> dict[str, int]:
    """Write every call of `source` that is not below `target`'s parent; returns how many there were."""
    if not source.is_dir():
        raise UserError(f"{source}: must be a folder of recordings and transcripts, such as calls/.")
    done = known(target.parent)
    pending = [(name, paths) for name, paths in found(source) if name not in done]
    sounds = [pair for pair in pending if pack and not any(path.suffix.lower() in WORDS for path in pair[1])]
    others = [pair for pair in pending if pair not in sounds]
    told = {"calls": 0, "problems": 0}
    for first in range(0, len(others), TOGETHER):
        some = others[first : first + TOGETHER]
        digest = hashlib.sha256("\n".join(name for name, _ in some).encode()).hexdigest()[:16]
        calls = [instance(name, paths, transcriber) for name, paths in some]
        _count(told, _written(target / f"calls-{digest}.json", calls))
    for name, paths in sounds:
        _count(told, _written(target / PACKED / f"{name}.json", [packed(name, paths)]))
    return told


def known(folder: Path) -> set[str]:
    """The calls that were written before, on any day."""
    names = {
        call["call"] for path in folder.glob("*/calls-*.json") for call in json.loads(path.read_text())["instances"]
    }
    for sounds in folder.glob(f"*/{PACKED}"):
        names |= {path.relative_to(sounds).with_suffix("").as_posix() for path in sounds.rglob("*.json")}
    return names


def _written(path: Path, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")  # a run that is interrupted leaves no half of a file
    half.write_text(json.dumps({"instances": calls}))
    half.rename(path)
    return calls


def _count(told: dict[str, int], calls: list[dict[str, Any]]) -> None:
    told["calls"] += len(calls)
    told["problems"] += sum("problem" in call for call in calls)


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


def packed(name: str, paths: list[Path]) -> dict[str, Any]:
    """A call with its recording as it is."""
    if len(paths) > 1:
        return {"call": name, "problem": _several(paths)}
    return {"call": name, "audio": base64.b64encode(paths[0].read_bytes()).decode()}


def _read(paths: list[Path], transcriber: Transcriber | None) -> dict[str, Any]:
    sounds, words = ([path for path in paths if path.suffix.lower() in kinds] for kinds in (SOUND, WORDS))
    if len(sounds) > 1 or len(words) > 1:
        raise DataError(_several(paths))
    turns = transcript(words[0]) if words else None
    return heard(sounds[0], sounds[0].name, transcriber, turns) if sounds else {"turns": turns}


def _several(paths: list[Path]) -> str:
    return f"{paths[0].stem}: there are several files of one kind: {', '.join(path.name for path in paths)}."


def transcript(path: Path) -> list[dict[str, str]]:
    """The turns in a transcript; a DataError names the file and the rule."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return _checked(json.loads(text), path) if path.suffix.lower() == ".json" else _lines(text)
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: a transcript must be UTF-8; byte {error.start} is not.") from None
    except ValueError as error:
        raise DataError(f"{path.name}: this transcript is not JSON: {error}.") from None


def _checked(turns: Any, path: Path) -> list[dict[str, str]]:
    """A rule that a turn breaks is told here: the server would refuse a file in which every call breaks one."""
    if not isinstance(turns, list):
        raise DataError(f"{path.name}: a transcript must be a list of turns, not {str(turns)[:80]!r}.")
    for number, turn in enumerate(turns):
        texts = isinstance(turn, dict) and all(isinstance(turn.get(name), str) for name in ("speaker", "text"))
        if not texts or turn["speaker"] not in SPEAKERS:
            good = '{"speaker": "customer", "text": "good morning"}'
            raise DataError(f"{path.name}: turn {number + 1} must be like {good}, not {str(turn)[:80]!r}.")
    return turns


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
