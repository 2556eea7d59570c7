"""Recordings of calls as sound: opened, resampled, one channel a speaker, cut at silences into pieces to transcribe."""

import io
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
import soxr

from training.cells import DataError

RATE = 16_000  # samples a second; what Whisper was trained on
FRAME = RATE // 50  # samples whose loudness is measured together: 20 ms
PAUSE = 0.5  # seconds; a shorter one is part of a sentence
PIECE = 30.0  # seconds that Whisper hears at a time
LONGEST = 4 * 3600  # seconds of a call; two channels of it are 1.8 GB of samples
ABOVE = 10.0  # decibels by which speech is louder than the quietest tenth of a channel
QUIET, LOUD = -55.0, -30.0  # decibels of full scale: below is silence, above is speech, whatever the quietest tenth is


@dataclass(frozen=True)
class Piece:
    """Somebody speaks without a pause, from `start` to `end` in seconds."""

    channel: int
    start: float
    end: float


def load(source: Path | bytes, name: str) -> np.ndarray:
    """Samples × channels, float32 from -1 to 1 at RATE; a DataError has the name and what is wrong with it.

    Takes what libsndfile does: WAV (also A-law and µ-law of telephones), FLAC, Ogg, MP3.
    """
    try:
        seconds = soundfile.info(_opened(source)).duration
        if seconds > LONGEST:
            raise DataError(f"{name}: a call may last {LONGEST // 3600} hours, not {seconds / 3600:.1f}; split it.")
        samples, rate = soundfile.read(_opened(source), dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise DataError(f"{name}: this is no audio that can be read: {_reason(error)}.") from None
    if not len(samples) or not np.isfinite(samples).all():
        raise DataError(f"{name}: {'there is no sound in it' if not len(samples) else 'samples are no numbers'}.")
    return soxr.resample(samples, rate, RATE)


def _opened(source: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _reason(error: Exception) -> str:
    """libsndfile's own sentence, without the object that it failed on."""
    return str(getattr(error, "error_string", error)).strip().rstrip(".")


def pieces(samples: np.ndarray) -> list[Piece]:
    """What is said in each channel, in the order in which it begins; none is longer than PIECE."""
    found = [
        Piece(channel, start * FRAME / RATE, min(end * FRAME, len(samples)) / RATE)
        for channel in range(samples.shape[1])
        for start, end in _speech(_loudness(samples[:, channel]))
    ]
    return sorted(found, key=lambda piece: (piece.start, piece.channel))


def cut(samples: np.ndarray, piece: Piece) -> np.ndarray:
    """The samples of a piece, one channel."""
    return samples[int(piece.start * RATE) : int(piece.end * RATE), piece.channel]


def measures(samples: np.ndarray, found: list[Piece]) -> dict[str, float]:
    """How long a recording is, its longest silence in seconds, and the shares in which nobody speaks, or several do."""
    speaking = np.zeros(-(-len(samples) // FRAME), dtype=int)
    for piece in found:
        speaking[round(piece.start * RATE / FRAME) : round(piece.end * RATE / FRAME)] += 1
    longest = max((end - start for start, end in _runs(speaking == 0)), default=0)
    shares = {"silence": float((speaking == 0).mean()), "overlap": float((speaking > 1).mean())}
    lengths = {"seconds": len(samples) / RATE, "longest_silence": longest * FRAME / RATE}
    return {name: round(value, 3) for name, value in (lengths | shares).items()}


def _loudness(channel: np.ndarray) -> np.ndarray:
    """Decibels of full scale of each frame."""
    padded = np.pad(channel, (0, -len(channel) % FRAME)).reshape(-1, FRAME)
    return 10 * np.log10(np.maximum((padded**2).mean(axis=1), 1e-10))


def _speech(loudness: np.ndarray) -> list[tuple[int, int]]:
    """Frames from and to which somebody speaks: pauses are bridged, what is too long is cut where it is quietest."""
    spoken = loudness > np.clip(np.percentile(loudness, 10) + ABOVE, QUIET, LOUD)
    joined: list[tuple[int, int]] = []
    for start, end in _runs(spoken):
        if joined and (start - joined[-1][1]) * FRAME < PAUSE * RATE:
            start = joined.pop()[0]
        joined.append((start, end))
    return [part for start, end in joined for part in _parts(loudness, start, end)]


def _parts(loudness: np.ndarray, start: int, end: int) -> list[tuple[int, int]]:
    most, parts = int(PIECE * RATE / FRAME), []
    while end - start > most:
        middle = start + most // 2
        quietest = middle + int(loudness[middle : start + most].argmin())
        parts.append((start, quietest))
        start = quietest
    return [*parts, (start, end)]


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Where flags are set: the first and the one after the last of each run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return list(pairwise(edges.tolist()))[::2]
