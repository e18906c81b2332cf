"""The low-pass filter between two sample rates, as a table of phases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.tables import Float32Array

#: What the stop band is down by. Five dB more than float32 arithmetic keeps below a signal at full scale.
ATTENUATION_DB: Final = 140.0
#: Kaiser's window: attenuation to shape, and attenuation and transition to length (Kaiser 1974).
KAISER_BETA: Final = 0.1102 * (ATTENUATION_DB - 8.7)
KAISER_LENGTH: Final = (ATTENUATION_DB - 7.95) / 14.36
#: Samples in a vector register; other lengths end in a slow loop over the rest.
TAPS_STEP: Final = 8
#: Phases per sample of the lower rate: between two of them a straight line is right to -146 dB at 20 kHz of 48.
PHASES: Final = 4096
#: All that can be heard, where the rate allows it: 20 kHz from 44.1 kHz on, in proportion below that and above 48 kHz.
AUDIBLE_HZ: Final = 20_000.0
PASS_SHARE_LOW: Final = AUDIBLE_HZ / 44_100
PASS_SHARE_HIGH: Final = AUDIBLE_HZ / 48_000


@dataclass(frozen=True, slots=True)
class Design:
    """A filter for one pair of rates.

    ``table``: shape (phases + 1, taps), read-only. Row ``p`` weighs the ``taps`` source frames around a position that
    lies ``p / phases`` behind the frame in their middle, which is number ``taps // 2 - 1``. The last row is the first
    one of the next frame.
    """

    table: Float32Array

    @property
    def taps(self) -> int:
        """Source frames that one output frame is made of; even."""
        return int(self.table.shape[1])

    @property
    def phases(self) -> int:
        """A power of two."""
        return len(self.table) - 1


def pass_hz(source_hz: int, target_hz: int) -> float:
    """Up to here nothing changes. From the lower rate less this on, nothing passes."""
    lower_hz = min(source_hz, target_hz)
    return min(PASS_SHARE_LOW * lower_hz, max(AUDIBLE_HZ, PASS_SHARE_HIGH * lower_hz))


@lru_cache(maxsize=16)
def design(source_hz: int, target_hz: int) -> Design:
    """The filter for two rates; the same object each time.

    The transition lies around half of the lower rate: what passes there can only fold back to above ``pass_hz``.
    Between equal rates that puts the zeros of the sinc on the frames, so whole positions give the input itself.
    """
    lower_hz = min(source_hz, target_hz)
    transition = (lower_hz - 2 * pass_hz(source_hz, target_hz)) / source_hz
    taps = TAPS_STEP * math.ceil(KAISER_LENGTH / transition / TAPS_STEP)
    phases = 1 << math.ceil(math.log2(PHASES * lower_hz / source_hz))
    return Design(_table(taps, phases, cutoff=lower_hz / source_hz))


def _table(taps: int, phases: int, cutoff: float) -> Float32Array:
    """``cutoff`` in halves of the source rate."""
    # One half of the symmetric impulse response, in steps of a phase, from its middle to its end.
    step = np.arange(taps // 2 * phases + 1)
    half = np.sinc(step * (cutoff / phases)) * np.i0(KAISER_BETA * np.sqrt(1 - (step / step[-1]) ** 2))
    half *= phases / (2 * half.sum() - half[0])
    frame, phase = np.arange(taps) - (taps // 2 - 1), np.arange(phases + 1)
    table: Float32Array = half[abs(frame[np.newaxis, :] * phases - phase[:, np.newaxis])].astype(np.float32)
    table.flags.writeable = False
    return table
