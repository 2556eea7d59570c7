"""Sound for the tests beside it: made of noise, really written and read."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 8000  # of a telephone


def tone(*seconds: tuple[float, float], length: float, rate: int = RATE) -> np.ndarray:
    """A channel with a noise of speech from one second to another, and the hiss of a line elsewhere."""
    random = np.random.default_rng(0)
    samples = random.normal(scale=0.001, size=int(length * rate))
    for start, end in seconds:
        places = slice(int(start * rate), int(end * rate))
        samples[places] += random.normal(scale=0.1, size=places.stop - places.start)
    return samples


def two_channels(path: Path) -> None:
    """Write a call in which the agent speaks first and the customer twice, once at the same time."""
    agent, customer = tone((0.5, 2), (5, 6), length=8), tone((2.5, 4), (5.5, 7), length=8)
    soundfile.write(path, np.column_stack([agent, customer]), RATE, subtype="ULAW")
