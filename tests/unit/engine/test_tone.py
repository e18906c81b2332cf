from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.engine.sources.tone import tone

NOW_FRAME = 86_218_214_400_123


@given(
    frame=st.integers(0, 2**47),
    cut=st.integers(0, 500),
    rate_hz=st.sampled_from([44_100, 48_000, 96_000]),
    frequency_hz=st.floats(1, 20_000),
)
def test_a_tone_has_no_seams(frame: int, cut: int, rate_hz: int, frequency_hz: float) -> None:
    def piece(start: int, frames: int) -> np.ndarray:
        return tone(start, frames, rate_hz=rate_hz, frequency_hz=frequency_hz, level_dbfs=-1)

    whole = piece(frame, 500)
    np.testing.assert_array_equal(whole, np.concatenate((piece(frame, cut), piece(frame + cut, 500 - cut))))


def test_frequency_and_level_are_right() -> None:
    wave = tone(NOW_FRAME, 48_000, rate_hz=48_000, frequency_hz=997, level_dbfs=-18).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(wave))
    assert spectrum.argmax() == 997
    assert 20 * np.log10(np.sqrt(2 * np.mean(wave**2))) == pytest.approx(-18, abs=0.001)
    rest = np.delete(spectrum, 997)
    assert 20 * np.log10(np.sqrt(np.sum(rest**2)) / spectrum[997]) < -145
