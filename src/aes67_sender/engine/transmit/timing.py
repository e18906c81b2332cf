"""When a packet is due, in integers, compiled.

Packet k of P frames leaves when media time reaches frame (k + 1) P: when its last frame has just been sampled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aes67_sender.engine.jit import nogil
from aes67_sender.engine.transmit.tables import LATENESS_BINS
from aes67_sender.units import NS_PER_S


@nogil
def media_ns_of_frame(frame: int, rate_hz: int) -> int:
    """The first ns of media time at which ``frame`` is current; split so that it stays below 2**63."""
    return frame // rate_hz * NS_PER_S + (frame % rate_hz * NS_PER_S + rate_hz - 1) // rate_hz


@nogil
def frame_of_media_ns(media_ns: int, rate_hz: int) -> int:
    """The frame that is current at ``media_ns``."""
    return media_ns // NS_PER_S * rate_hz + media_ns % NS_PER_S * rate_hz // NS_PER_S


@nogil
def monotonic_of_media(mapping: Any, media_ns: int) -> int:  # noqa: ANN401  a NumPy record
    """The monotonic instant of a media time under a published mapping, rounded up: never before its time."""
    elapsed_ns = media_ns - mapping["media_ns"]
    rate = mapping["rate"]
    return mapping["monotonic_ns"] + elapsed_ns - int(np.floor(elapsed_ns * (rate / (1.0 + rate))))  # type: ignore[no-any-return]


@nogil
def media_of_monotonic(mapping: Any, monotonic_ns: int) -> int:  # noqa: ANN401  a NumPy record
    """Media time at a monotonic instant under a published mapping."""
    elapsed_ns = monotonic_ns - mapping["monotonic_ns"]
    return mapping["media_ns"] + elapsed_ns + int(elapsed_ns * mapping["rate"])  # type: ignore[no-any-return]


@nogil
def due_ns(mapping: Any, packet: int, frames: int, rate_hz: int) -> int:  # noqa: ANN401  a NumPy record
    """The monotonic instant at which a packet leaves."""
    return monotonic_of_media(mapping, media_ns_of_frame((packet + 1) * frames, rate_hz))


@nogil
def lateness_bin(late_ns: int) -> int:
    """Histogram bin: µs below 64, then 32 bins a doubling (3 % steps)."""
    late_us = max(late_ns, 0) // 1000
    shift = 0
    while late_us >> shift >= 64:  # noqa: PLR2004  two runs of 32 bins
        shift += 1
    return min(shift * 32 + (late_us >> shift), LATENESS_BINS - 1)


def bin_upper_us(index: int) -> int:
    """The longest lateness in µs that falls into a bin."""
    shift = max(index // 32 - 1, 0)
    return ((index - shift * 32 + 1) << shift) - 1
