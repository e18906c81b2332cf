"""A source's history, and output frames at any position in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from aes67_sender.engine.resample.design import design
from aes67_sender.engine.resample.kernel import BLOCK_FRAMES, convert, store

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.tables import Float32Array

HISTORY_S: Final = 0.5
CACHE_LINE_SAMPLES: Final = 16


def row_samples(samples: int) -> int:
    """At least ``samples``, and an odd number of cache lines: else all channels compete for the same ones."""
    return (-(-samples // CACHE_LINE_SAMPLES) | 1) * CACHE_LINE_SAMPLES


class Resampler:
    """One source at one target rate. One thread.

    The caller says at which position of the source each output frame lies, as a frame number and a fraction: numbers
    grow for weeks, so they are never part of a float. ``reach_frames`` source frames before and after a position go
    into its output; the delay is constant. The rates only choose the filter.
    """

    def __init__(self, channels: int, source_hz: int, target_hz: int) -> None:
        if channels < 1 or source_hz < 1 or target_hz < 1:
            raise ValueError(f"cannot convert {channels} channels from {source_hz} to {target_hz} Hz")
        filtering = design(source_hz, target_hz)
        taps = filtering.taps
        self.reach_frames = taps // 2
        self._table = filtering.table
        self._kept_frames = int(source_hz * HISTORY_S) + self.reach_frames
        # A filter half before the first frame must find its silence behind the oldest one that is kept.
        self._ring_frames = self._kept_frames + taps
        self._history = np.zeros((channels, row_samples(self._ring_frames + taps)), np.float32)
        self._starts = np.zeros(BLOCK_FRAMES, np.int64)
        self._weights = np.zeros((BLOCK_FRAMES, taps), np.float32)
        self._output = np.zeros((0, channels), np.float32)
        self._first = 0
        self._end = 0

    @property
    def end(self) -> int:
        """Number of the source frame after the last one pushed."""
        return self._end

    def restart(self, frame: int) -> None:
        """Forget all; the next frame pushed is number ``frame``.

        What lies before it is silence, and is refused like any sound once that frame is no longer kept.
        """
        self._history[:] = 0.0
        self._first = self._end = int(frame)

    def push(self, samples: Float32Array) -> None:
        """Append source frames, shape (frames, channels), any number of them.

        Raises:
            ValueError: another number of channels.
        """
        if samples.ndim != 2 or samples.shape[1] != len(self._history):  # noqa: PLR2004  frames and channels
            raise ValueError(f"samples of shape {samples.shape} for {len(self._history)} channels")
        # Of one type to the compiler, which would else compile anew for each: a view of GStreamer's is read-only.
        plain = np.require(samples[-self._ring_frames :], np.float32, ("C", "A")).view()
        plain.flags.writeable = False
        self._end += len(samples)
        store(self._history, self._ring_frames, self._end - len(plain), plain)

    def render(self, frame: int, fraction: float, step: float, frames: int) -> Float32Array:
        """Output frames at source positions ``frame + fraction + i * step``; ``fraction`` may be any small number.

        Returns shape (frames, channels), contiguous, valid until the next call. The same positions give the same
        samples, however they are cut into calls. Nothing is allocated unless ``frames`` is larger than ever before.

        Raises:
            ValueError: it needs frames that were not pushed yet, or are no longer kept; a step that is not positive.
        """
        frame, fraction, step = int(frame), float(fraction), float(step)
        _check(fraction, step)
        if frames < 0:
            raise ValueError(f"cannot render {frames} frames")
        if frames > len(self._output):
            self._output = np.zeros((frames, len(self._history)), np.float32)
        output = self._output[:frames]
        if frames:
            last = frame + math.floor(fraction + (frames - 1) * step) + self.reach_frames
            if last >= self._end or not self._is_kept(frame, fraction):
                raise ValueError(
                    f"{frames} frames at {frame} + {fraction} in steps of {step} need source frames up to {last}, "
                    f"of which {self._end - self._kept_frames} to {self._end} are kept"
                )
            convert(
                self._history,
                self._ring_frames,
                self._first,
                self._table,
                frame,
                fraction,
                step,
                self._starts,
                self._weights,
                output,
            )
        return output

    def renderable(self, frame: int, fraction: float, step: float) -> int:
        """How many frames ``render`` can give from there on; 0 also if what it needs is no longer kept.

        Raises:
            ValueError: a step that is not positive.
        """
        _check(fraction, step)
        if not self._is_kept(frame, fraction):
            return 0
        # Output i is there if floor(fraction + i * step) < room. Rounding may err by one either way.
        room = self._end - self.reach_frames - frame
        count = max(math.ceil((room - fraction) / step), 0)
        while count and math.floor(fraction + (count - 1) * step) >= room:
            count -= 1
        while math.floor(fraction + count * step) < room:
            count += 1
        return count

    def _is_kept(self, frame: int, fraction: float) -> bool:
        oldest = self._end - self._kept_frames
        return oldest <= self._first or frame + math.floor(fraction) - (self.reach_frames - 1) >= oldest


def _check(fraction: float, step: float) -> None:
    if not (0 < step < math.inf and math.isfinite(fraction)):
        raise ValueError(f"cannot render from {fraction} on in steps of {step}")


def prepare() -> None:
    """Compile the loops, or load what was compiled before, so that nobody waits later."""
    resampler = Resampler(1, 48_000, 48_000)
    resampler.push(np.zeros((2 * resampler.reach_frames, 1), np.float32))
    resampler.render(0, 0.0, 1.0, 1)
