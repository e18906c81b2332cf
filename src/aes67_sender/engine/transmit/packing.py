"""Samples from the rings to an RTP packet, metered on the way, compiled.

Channel by channel: so the meters of one stay in registers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aes67_sender.engine.jit import nogil
from aes67_sender.engine.transmit.tables import METER_BANKS, PEAK, SQUARES
from aes67_sender.model.packet import RTP_HEADER_BYTES

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.tables import ByteArray, Float32Array, Int32Array, Tables

BYTES_L24 = 3
# float32 is exact here: it holds 24 bits, and a power of two only moves the point.
SCALE_L24 = np.float32(8_388_608.0)
SCALE_L16 = np.float32(32_768.0)
ZERO = np.float32(0.0)
ONE = np.float32(1.0)
# From these magnitudes on a sample may be rounded to full scale.
FULL_L24 = ONE - np.float32(1.5) / SCALE_L24
FULL_L16 = ONE - np.float32(1.5) / SCALE_L16
# The high bytes of the largest and the smallest sample.
HIGHEST_POSITIVE, HIGHEST_NEGATIVE = 0x7F, 0x80


@nogil
def write_header(packet: ByteArray, payload_type: int, sequence: int, timestamp: int, ssrc: int) -> None:
    """Write the RTP header: version 2, no padding, extension, CSRC or marker (RFC 3550 5.1, AES67 6.3)."""
    packet[0] = 0x80
    packet[1] = payload_type & 0x7F
    packet[2] = (sequence >> 8) & 0xFF
    packet[3] = sequence & 0xFF
    for byte in range(4):
        shift = 24 - 8 * byte
        packet[4 + byte] = (timestamp >> shift) & 0xFF
        packet[8 + byte] = (ssrc >> shift) & 0xFF


@nogil
def write_sample(packet: ByteArray, at: int, sample: np.float32, bytes_per_sample: int) -> None:
    """One sample, rounded to the nearest integer and clipped, big-endian (RFC 3190 4, RFC 3551 4.5.11)."""
    scale = SCALE_L24 if bytes_per_sample == BYTES_L24 else SCALE_L16
    value = np.int32(np.rint(min(max(sample * scale, -scale), scale - ONE)))
    if bytes_per_sample == BYTES_L24:
        packet[at] = (value >> 16) & 0xFF
        at += 1
    packet[at] = (value >> 8) & 0xFF
    packet[at + 1] = value & 0xFF


@nogil
def open_window(tables: Tables, row: int, window: int) -> None:
    """Begin a level window: its bank is emptied first, since an old window is in it."""
    bank = window % METER_BANKS
    for channel in range(tables.streams[row]["channels"]):
        tables.meters[bank, row, PEAK, channel] = 0.0
        tables.meters[bank, row, SQUARES, channel] = 0.0
    tables.metered[bank, row] = 0
    tables.windows[bank, row] = window
    # Last: it tells that the window before is complete.
    tables.states[row]["window"] = window


@nogil
def count_clipped(tables: Tables, row: int, frames: int) -> None:
    """Count the samples of a packet that are the largest or the smallest there is."""
    channels, bytes_per_sample = tables.streams[row]["channels"], tables.streams[row]["bytes_per_sample"]
    at = RTP_HEADER_BYTES
    for _ in range(frames):
        for channel in range(channels):
            high = tables.packets[row, at]
            rest = 0x00 if high == HIGHEST_NEGATIVE else 0xFF
            full = high in {HIGHEST_NEGATIVE, HIGHEST_POSITIVE}
            for byte in range(1, bytes_per_sample):
                full = full and tables.packets[row, at + byte] == rest
            tables.clipped[row, channel] += 1 if full else 0
            at += bytes_per_sample


@nogil
def write_steady(  # noqa: PLR0913, PLR0917  compiled code takes no objects
    packet: ByteArray,
    pool: Float32Array,
    feed: Any,  # noqa: ANN401  a record of FEED_DTYPE
    stream: Any,  # noqa: ANN401  a record of STREAM_DTYPE
    channel_map: Int32Array,
    levels: Float32Array,
    meters: Float32Array,
    frame: int,
    frames: int,
) -> bool:
    """Fill a payload while nothing moves; returns whether a sample may be at full scale.

    All arrays are those of the stream alone, and few: that makes the call quick.
    """
    first, mask, stride = feed["first"], feed["mask"], feed["channels"]
    channels, bytes_per_sample = stream["channels"], stream["bytes_per_sample"]
    highest = ZERO
    for channel in range(channels):
        source, level = channel_map[channel], levels[channel]
        at, step = RTP_HEADER_BYTES + channel * bytes_per_sample, channels * bytes_per_sample
        peak, square = ZERO, ZERO
        for offset in range(frames):
            sample = ZERO
            if source >= 0:
                sample = pool[first + ((frame + offset) & mask) * stride + source] * level
            peak = max(peak, abs(sample))
            square += sample * sample
            write_sample(packet, at, sample, bytes_per_sample)
            at += step
        meters[PEAK, channel] = max(meters[PEAK, channel], peak)
        meters[SQUARES, channel] += square
        highest = max(highest, peak)
    return bool(highest >= (FULL_L24 if bytes_per_sample == BYTES_L24 else FULL_L16))


@nogil
def faded_sample(
    pool: Float32Array,
    feed: Any,  # noqa: ANN401  a record of FEED_DTYPE
    source: int,
    share: np.float32,
    frame: int,
) -> np.float32:
    """One sample of a route, as far as it is there and counts."""
    if source < 0 or share <= ZERO:
        return ZERO
    return pool[feed["first"] + (frame & feed["mask"]) * feed["channels"] + source] * share  # type: ignore[no-any-return]


@nogil
def write_moving(  # noqa: PLR0913, PLR0917  compiled code takes no objects
    tables: Tables,
    row: int,
    wanted: int,
    meters: Float32Array,
    frame: int,
    frames: int,
) -> bool:
    """Fill a payload while something moves; returns whether a sample may be at full scale.

    ``fades`` says what each route counts, the gains go on to their goals.
    """
    stream, route = tables.streams[row], tables.states[row]["route"]
    packet, pool, fades = tables.packets[row], tables.pool, tables.fades
    old, new = tables.feeds[tables.route_feeds[row, route]], tables.feeds[tables.route_feeds[row, wanted]]
    channels, bytes_per_sample = stream["channels"], stream["bytes_per_sample"]
    highest = ZERO
    for channel in range(channels):
        old_source, new_source = tables.channel_map[row, route, channel], tables.channel_map[row, wanted, channel]
        level, ramp_left = tables.levels[row, channel], tables.states[row]["ramp_left"]
        at, step = RTP_HEADER_BYTES + channel * bytes_per_sample, channels * bytes_per_sample
        peak, square = ZERO, ZERO
        for offset in range(frames):
            sample = faded_sample(pool, old, old_source, fades[0, offset], frame + offset)
            if wanted != route:
                sample += faded_sample(pool, new, new_source, fades[1, offset], frame + offset)
            if ramp_left > 0:
                ramp_left -= 1
                level = level + tables.steps[row, channel] if ramp_left > 0 else tables.goals[row, channel]
            sample *= level
            peak = max(peak, abs(sample))
            square += sample * sample
            write_sample(packet, at, sample, bytes_per_sample)
            at += step
        tables.levels[row, channel] = level
        meters[PEAK, channel] = max(meters[PEAK, channel], peak)
        meters[SQUARES, channel] += square
        highest = max(highest, peak)
    return bool(highest >= (FULL_L24 if bytes_per_sample == BYTES_L24 else FULL_L16))
