"""Sound is resampled, cut at silences, and measured."""

import numpy as np
import pytest
from sound import tone, two_channels

from inference import audio


@pytest.fixture
def samples(tmp_path) -> np.ndarray:
    """A call of two channels, as it is read from its file."""
    two_channels(tmp_path / "one.wav")
    return audio.load(tmp_path / "one.wav", "one")


def test_sound_is_resampled_and_keeps_its_channels(samples):
    assert samples.shape == (8 * audio.RATE, 2)
    assert samples.dtype == np.float32
    loud = np.abs(samples).reshape(8, audio.RATE, 2).mean(axis=1) > 0.02
    assert np.flatnonzero(loud[:, 0]).tolist() == [0, 1, 5]
    assert np.flatnonzero(loud[:, 1]).tolist() == [2, 3, 5, 6]


def test_channels_are_cut_at_silences_in_the_order_of_what_is_said(samples):
    pieces = audio.pieces(samples)
    assert [piece.channel for piece in pieces] == [0, 1, 0, 1]
    assert [piece.start for piece in pieces] == pytest.approx([0.5, 2.5, 5, 5.5], abs=0.05)
    assert [piece.end for piece in pieces] == pytest.approx([2, 4, 6, 7], abs=0.05)


def test_silence_is_measured(samples):
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
