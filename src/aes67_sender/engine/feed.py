"""The ring between a source and the transmit loop, indexed by media-clock frames.

One source thread writes; the loop reads. A feed outlives its source: without new frames the loop fades to silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.tables import Float32Array, Tables

FADE_MS: Final = 5
#: What is sent so soon may be packed before a change of it is complete: a packet of 1 ms is packed ahead, and a block
#: takes a while. A fade that began in a packet already made would be a step, -55 dBFS as measured with 1 ms here.
GUARD_MS: Final = 4


def ring_frames(rate_hz: int) -> int:
    """Frames in a ring: a power of two, at least 1.36 s."""
    return 1 << 17 if rate_hz > 48_000 else 1 << 16  # noqa: PLR2004


class Feed:
    """The writing end of one ring."""

    def __init__(self, tables: Tables, index: int, *, rate_hz: int, channels: int, first_sample: int) -> None:
        self.rate_hz = rate_hz
        self.channels = channels
        self._frames = ring_frames(rate_hz)
        self._fade_frames = rate_hz * FADE_MS // 1000
        self._guard_frames = rate_hz * GUARD_MS // 1000
        self._ring = tables.pool[first_sample : first_sample + self._frames * channels].reshape(self._frames, channels)
        self._written = tables.written
        self._index = index
        self._position = 0
        self._fade_left = 0
        tables.feeds[index] = (first_sample, self._frames - 1, channels, self._fade_frames)

    @property
    def position(self) -> int:
        """The media frame that the next ``write`` begins with."""
        return self._position

    def begin(self, frame: int, *, now_frame: int, fade: bool, end: int | None = None) -> None:
        """Go on at ``frame``, wherever the last write ended; ``now_frame`` is the one being sent.

        What was written before fades out over 5 ms, so that it is over at its end (or at ``end``, if only so much of it
        is wanted), or 5 ms after ``frame`` if that is earlier. What lies between is silence. ``fade`` lets the new
        sound fade in.
        """
        written = int(self._written[self._index])
        soonest = now_frame + self._guard_frames
        # No sooner than a fade that begins now can end.
        end = written if end is None else min(max(end, soonest + self._fade_frames), written)
        if not -self._frames < frame - written < self._frames:
            self._ring[:] = 0.0
            self._written[self._index] = frame
        else:
            fall = max(min(frame, end - self._fade_frames), soonest)
            fallen = min(fall + self._fade_frames, end)
            self._fade_out(fall, fallen)
            self._silence(fallen, max(frame, written))
            self._written[self._index] = max(frame, written)
        self._position = frame
        self._fade_left = self._fade_frames if fade else 0

    def write(self, samples: Float32Array) -> None:
        """Append frames, shape (frames, channels); channels that the ring lacks are dropped, its others stay silent."""
        for start in range(0, len(samples), self._frames // 2):
            self._write_chunk(samples[start : start + self._frames // 2])

    def _write_chunk(self, samples: Float32Array) -> None:
        if samples.shape[1] != self.channels:
            fitted = np.zeros((len(samples), self.channels), np.float32)
            shared = min(self.channels, samples.shape[1])
            fitted[:, :shared] = samples[:, :shared]
            samples = fitted
        if self._fade_left:
            samples = self._blend(samples)
        end = self._position + len(samples)
        self._put(self._position, samples)
        self._position = end
        # Last, so that the loop never reads frames that are not there yet.
        self._written[self._index] = max(end, int(self._written[self._index]))

    def _blend(self, samples: Float32Array) -> Float32Array:
        count = min(self._fade_left, len(samples))
        done = self._fade_frames - self._fade_left
        rise = ((np.arange(done, done + count, dtype=np.float32) + 1) / self._fade_frames)[:, None]
        there = max(min(int(self._written[self._index]) - self._position, count), 0)
        blended = samples.copy()
        blended[:count] *= rise
        blended[:there] += self._span(self._position, self._position + there)
        self._fade_left -= count
        return blended

    def _fade_out(self, start: int, end: int) -> None:
        if end > start:
            fall = np.linspace(1.0, 0.0, end - start, endpoint=False, dtype=np.float32)[:, None]
            self._put(start, self._span(start, end) * fall)

    def _silence(self, start: int, end: int) -> None:
        if end > start:
            self._put(start, np.zeros((end - start, self.channels), np.float32))

    def _span(self, start: int, end: int) -> Float32Array:
        """The frames from ``start`` to ``end``: a view where they lie in one piece, else a copy."""
        first = start & (self._frames - 1)
        if first + end - start <= self._frames:
            return self._ring[first : first + end - start]
        return np.concatenate((self._ring[first:], self._ring[: first + end - start - self._frames]))

    def _put(self, start: int, samples: Float32Array) -> None:
        first = start & (self._frames - 1)
        head = min(len(samples), self._frames - first)
        self._ring[first : first + head] = samples[:head]
        self._ring[: len(samples) - head] = samples[head:]
