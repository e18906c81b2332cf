"""Where clicks lie in received sound, to a hundredth of a sample. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: So many samples around a click are looked at.
_HALF = 64
_QUIET = 0.2


def click_positions(sound: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Positions of lone clicks in a channel of full scale 1, by the phase of their spectrum up to 12 kHz."""
    loud = np.flatnonzero(np.abs(sound) > _QUIET)
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > _HALF) + 1) if len(loud) else []
    peaks = [group[np.argmax(np.abs(sound[group]))] for group in groups]
    return np.array([_refined(sound, peak) for peak in peaks if _HALF <= peak < len(sound) - _HALF])


def _refined(sound: npt.NDArray[np.floating], peak: int) -> float:
    window = np.roll(sound[peak - _HALF : peak + _HALF], -_HALF)
    spectrum = np.fft.rfft(window)[1 : _HALF // 2]
    turns = np.unwrap(np.angle(spectrum)) / (2 * np.pi)
    frequency = np.arange(1, _HALF // 2) / (2 * _HALF)
    return peak - float(frequency @ turns / (frequency @ frequency))


def loudest_step(sound: npt.NDArray[np.floating], *, above_hz: float = 6_000, rate_hz: int = 48_000) -> float:
    """The largest step beside a low tone, as a fraction of full scale.

    Judged by what is above ``above_hz``, of which a step has much and a low tone nearly nothing.
    """
    taps = np.arange(-_HALF, _HALF + 1)
    low = np.sinc(2 * above_hz / rate_hz * taps) * np.kaiser(2 * _HALF + 1, 9)
    high = -low / low.sum()
    high[_HALF] += 1
    return float(np.abs(np.convolve(sound, high, "valid")).max() / np.abs(np.cumsum(high)).max())
