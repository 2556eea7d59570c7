"""From sound to words. A transcriber is a function: samples of one channel, at most 30 seconds at 16 kHz, to a text.

`whisper` is one; a service of a cloud is another such function.
"""

from collections.abc import Callable

import numpy as np

Transcriber = Callable[[np.ndarray], str]
LANGUAGE = "en"  # of sentiment and redaction, too


def whisper(model: str) -> Transcriber:
    """Whisper by faster-whisper (requirements/speech.txt), on a GPU where there is one.

    `model` is a name such as small or large-v3, which is downloaded once, or the folder of a model for CTranslate2.
    Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision (2022).
    """
    from faster_whisper import WhisperModel  # large, and only where calls are transcribed

    loaded = WhisperModel(model, device="auto")

    def transcribe(samples: np.ndarray) -> str:
        segments, _ = loaded.transcribe(samples, language=LANGUAGE, condition_on_previous_text=False)
        return " ".join(segment.text.strip() for segment in segments)

    return transcribe
