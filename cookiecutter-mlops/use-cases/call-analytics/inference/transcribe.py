"""From sound to words. A transcriber is a function: samples of one channel, at most 30 seconds at 16 kHz, to a text.

`whisper` is one; a service of a cloud is another such function.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from inference import audio
from training.cells import DataError

Transcriber = Callable[[np.ndarray], str]
LANGUAGE = "en"  # of sentiment and redaction, too
SPEAKERS = ("agent", "customer")  # the first channel's and the second one's
NOBODY = "there is no transcript, and no Whisper to make one (docs/use-case.md, From recordings)"


def heard(
    source: Path | bytes, name: str, transcriber: Transcriber | None, turns: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """A recording as the fields of a request: its turns, transcribed unless they are given, and what it measures."""
    samples = audio.load(source, name)
    pieces = audio.pieces(samples)
    if turns is None:
        turns = _turns(samples, pieces, name, transcriber)
    return {"turns": turns, **audio.measures(samples, pieces)}


@cache
def whisper(model: str) -> Transcriber:
    """Whisper by faster-whisper (requirements/speech.txt), on a GPU where there is one; opened when it is first asked.

    `model` is a name such as small or large-v3, which is downloaded once, or the folder of a model for CTranslate2.
    Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision (2022).
    """

    def transcribe(samples: np.ndarray) -> str:
        segments, _ = _opened(model).transcribe(samples, language=LANGUAGE, condition_on_previous_text=False)
        return " ".join(segment.text.strip() for segment in segments)

    return transcribe


def ready(model: str) -> Transcriber:
    """The same, opened now: a DataError where it cannot be, before a call is blamed for that."""
    _opened(model)
    return whisper(model)


@cache
def _opened(model: str) -> Any:
    """The network; by each process of a server for itself, because its threads do not survive a fork."""
    try:
        from faster_whisper import WhisperModel  # large, and only where calls are transcribed
    except ModuleNotFoundError:
        raise DataError("Whisper needs faster-whisper: pip install -r requirements/speech.txt.") from None
    try:
        return WhisperModel(model, device="auto")
    except (OSError, RuntimeError, ValueError) as error:  # not downloaded, no model, a GPU without its libraries
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise DataError(f"Whisper {model!r} cannot be opened: {reason}; give the folder of a model.") from None


def _turns(
    samples: np.ndarray, pieces: list[audio.Piece], name: str, transcriber: Transcriber | None
) -> list[dict[str, str]]:
    if transcriber is None:
        raise DataError(f"{name}: {NOBODY}.")
    if samples.shape[1] > len(SPEAKERS):
        raise DataError(f"{name}: at most {len(SPEAKERS)} channels are known, not {samples.shape[1]}.")
    speakers = SPEAKERS[-samples.shape[1] :]  # one channel alone is taken for the customer's
    return [{"speaker": speakers[piece.channel], "text": transcriber(audio.cut(samples, piece))} for piece in pieces]
