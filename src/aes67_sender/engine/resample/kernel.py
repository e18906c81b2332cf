"""The converter's loops, compiled: samples into the history, and output frames out of it.

The history is a ring per channel, shape (channels, ``ring_frames`` and a tail). The tail repeats the ring's beginning,
so that the frames under a filter always lie side by side: that is what the processor's vector units want, with any
number of channels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from aes67_sender.engine.jit import nogil

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.tables import Float32Array, Int64Array

#: Frames handled for one channel before the next one's turn, so that the processor's nearest cache holds all of it.
BLOCK_FRAMES: Final = 16
STORE_FRAMES: Final = 64


@nogil
def store(history: Float32Array, ring_frames: int, frame: int, samples: Float32Array) -> None:
    """Put ``samples``, shape (frames, channels), no longer than the ring, into it as ``frame`` and those after it."""
    tail = history.shape[1] - ring_frames
    done = 0
    while done < samples.shape[0]:
        at = (frame + done) % ring_frames
        count = min(samples.shape[0] - done, ring_frames - at, STORE_FRAMES)
        for channel in range(samples.shape[1]):
            row = history[channel]
            for offset in range(count):
                row[at + offset] = samples[done + offset, channel]
            for index in range(at, min(at + count, tail)):
                row[ring_frames + index] = row[index]
        done += count


@nogil
def weigh(table: Float32Array, fraction: float, weights: Float32Array) -> None:
    """The filter at ``fraction``, 0 to 1, of a frame: on the line between its neighbours in the table."""
    phases = table.shape[0] - 1
    position = fraction * phases
    # The difference from a tiny negative position to the frame below it rounds to 1.
    phase = min(int(position), phases - 1)
    share = np.float32(position - phase)
    low, high = table[phase], table[phase + 1]
    for tap in range(weights.shape[0]):
        weights[tap] = low[tap] + share * (high[tap] - low[tap])


@nogil(fastmath=("reassoc", "contract"))
def dot(samples: Float32Array, weights: Float32Array) -> np.float32:
    """Sum of products, in any order: only so can it be computed eight at a time. Anything else stays as IEEE has it."""
    total = np.float32(0.0)
    for tap in range(weights.shape[0]):
        total += samples[tap] * weights[tap]
    return total


@nogil
def convert(  # noqa: PLR0913, PLR0917  compiled code takes no objects
    history: Float32Array,
    ring_frames: int,
    first: int,
    table: Float32Array,
    frame: int,
    fraction: float,
    step: float,
    starts: Int64Array,
    weights: Float32Array,
    output: Float32Array,
) -> None:
    """Fill ``output``, shape (frames, channels): frame ``i`` lies at ``frame + fraction + i * step`` of the source.

    What lies before ``first`` is silence. The caller has made sure that the history holds the rest. ``starts`` and
    ``weights``, shape (BLOCK_FRAMES) and (BLOCK_FRAMES, taps), are room to work in.
    """
    taps = table.shape[1]
    begin = frame - (taps // 2 - 1)
    for done in range(0, output.shape[0], BLOCK_FRAMES):
        count = min(BLOCK_FRAMES, output.shape[0] - done)
        for index in range(count):
            # Not compiled with fused multiplication: the caller computes the same, and must get the same.
            position = fraction + (done + index) * step
            whole = math.floor(position)
            start = begin + int(whole)
            starts[index] = start % ring_frames if start + taps > first else -1
            weigh(table, position - whole, weights[index])
        for channel in range(output.shape[1]):
            row = history[channel]
            for index in range(count):
                start = starts[index]
                output[done + index, channel] = dot(row[start : start + taps], weights[index]) if start >= 0 else 0.0
