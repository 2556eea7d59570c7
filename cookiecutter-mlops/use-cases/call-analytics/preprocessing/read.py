"""What becomes of one raw file (preprocessing/batch.py says what is asked): a recording's turns, with its measures.

The call is the file's name without its ending. What is said comes from the transcript of that name among the labels,
as inference/recordings.py reads it; a turn may have `intents` and `slots`, from which training learns. Where there is
no transcript, the Whisper of `[model] weights` in project.toml transcribes; on a laptop MLOPS_WHISPER names one (small,
or the folder of a model). A transcript may also stand for itself.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from inference import recordings
from inference.transcribe import whisper
from training.cells import JOINT, DataError
from training.contract import base

TOGETHER = 200  # recordings of some minutes each
ROWS = 100_000
WORDS: dict[str, pl.DataType] = {name: pl.String() for name in ("call", "speaker", "text", "slots", "intents")}
# Of the whole call.
MEASURES: dict[str, pl.DataType] = {name: pl.Float64() for name in ("seconds", "longest_silence", "silence", "overlap")}


def read(name: str, source: Path, labels: Path) -> Iterator[pl.DataFrame | DataError]:
    """A row for each turn of a call, in the order in which they were spoken."""
    path, call = source / name, name.removesuffix(Path(name).suffix)
    if path.suffix.lower() not in (*recordings.SOUND, *recordings.WORDS):
        raise DataError(f"{name}: must be a recording ({', '.join(recordings.SOUND)}) or a transcript.")
    words = recordings.WORDS if path.suffix.lower() in recordings.SOUND else ()
    beside = [labels / f"{call}{ending}" for ending in words]
    weights = base() / "processing/input/weights"
    model = str(weights) if weights.is_dir() else os.environ.get("MLOPS_WHISPER")
    told = recordings.instance(call, [path, *filter(Path.is_file, beside)], whisper(model) if model else None)
    if "problem" in told:
        problem = told["problem"]
        raise DataError(problem if problem.startswith(name) else f"{name}: {problem}")
    measures = {measure: told.get(measure) for measure in MEASURES}
    rows = [{"call": call, **_texts(turn), **measures} for turn in told["turns"]]
    if not rows:
        raise DataError(f"{name}: nobody says a word.")
    yield pl.DataFrame(rows, schema=WORDS | MEASURES)


def _texts(turn: dict[str, Any]) -> dict[str, str | None]:
    """What is known of a turn, as texts."""
    intents = turn.get("intents")
    joined = JOINT.join(map(str, intents)) if isinstance(intents, list) else intents
    found = {"speaker": turn["speaker"], "text": turn["text"], "slots": turn.get("slots"), "intents": joined}
    return {key: None if value is None else str(value) for key, value in found.items()}
