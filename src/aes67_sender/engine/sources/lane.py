"""From one source's frames to one ring: which source position each media frame is taken from.

The source's clock tells where its frame counter stands at any instant, the media clock when each media frame is due.
Putting both together gives the position of every frame sent; nothing else steers the resampler. So the latency is
constant by construction, and a media clock that is slewed or stepped never disturbs the loop that follows the card.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from aes67_sender.engine.feed import GUARD_MS
from aes67_sender.engine.resample.resampler import Resampler
from aes67_sender.units import NS_PER_S, PPM, frames_at, ns_at

if TYPE_CHECKING:
    from aes67_sender.engine.feed import Feed
    from aes67_sender.engine.transmit.tables import Float32Array
    from aes67_sender.logic.drift import SourceClock
    from aes67_sender.model.clock import ClockMapping

#: How fast the phase is corrected: over this time, but not faster than by so much. Half a second is slow enough for the
#: ns that instants are rounded to, 18 kHz in 1 ns steps would be noise at -90 dB; 300 ppm is half a cent.
CORRECTION_S: Final = 0.5
CORRECTION_LIMIT: Final = 300 * PPM
#: Further off than this, sound is placed anew instead.
LOST_S: Final = 0.05


class LiveLane:
    """One ring of a live source. One thread."""

    def __init__(self, feed: Feed, channels: int, source_hz: int, first_frame: int) -> None:
        """``first_frame`` is the number of the source frame that will be pushed first."""
        self.feed = feed
        self._source_hz = source_hz
        self._resampler = Resampler(channels, source_hz, feed.rate_hz)
        self._resampler.restart(first_frame)
        self._frame, self._fraction = first_frame, 0.0
        self._anchor = 0
        self._mark: int | None = None
        self._end: int | None = None

    @property
    def is_placed(self) -> bool:
        """Whether there was sound since the last cut."""
        return self._anchor != 0

    def latency_ns(self, clock: SourceClock, mapping: ClockMapping) -> int:
        """From capture to the wire, as it is at the end of what is written."""
        captured_ns = mapping.media_at(clock.time_of(self._frame, self._fraction))
        return ns_at(self.feed.position, self.feed.rate_hz) - captured_ns

    def mark(self) -> None:
        """From here on sound may turn out to belong elsewhere."""
        self._mark = self.feed.position

    def unmark(self) -> None:
        """What was written since the mark is where it belongs."""
        self._mark = None

    def cut(self, frame: int) -> None:
        """The source lost frames: what is pushed next, source frame ``frame``, belongs to another time.

        The sound before ends at the mark, if there is one.
        """
        self._resampler.restart(frame)
        self._frame, self._fraction = frame, 0.0
        self._end = self._mark
        self._anchor = 0

    def push(self, samples: Float32Array) -> None:
        """Take in a block, shape (frames, channels)."""
        self._resampler.push(samples)

    def render(
        self, clock: SourceClock, mapping: ClockMapping, *, latency_ns: int, now_frame: int, anew: bool = False
    ) -> None:
        """Write what was pushed.

        ``now_frame`` is the media frame being sent at the feed's rate; ``anew`` takes up a new latency at once, not
        by and by. Nothing is written before the clock knows better than by the first stamp, which may be late.
        """
        if not clock.phased:
            return
        due_ns = self._due_ns(self.feed.position, mapping, latency_ns)
        error_frames = _difference(clock.position_at(due_ns), (self._frame, self._fraction)) if self._anchor else 0.0
        if anew or mapping.anchor != self._anchor or abs(error_frames) > LOST_S * self._source_hz:
            due_ns = self._place(clock, mapping, latency_ns, now_frame)
            error_frames = 0.0
        # The pace is told by instants far apart: those of neighbouring frames are rounded to the nanosecond.
        pace = _difference(clock.position_at(due_ns + NS_PER_S), clock.position_at(due_ns))
        step = pace / (self.feed.rate_hz * (1 + mapping.rate_ppm * PPM))
        correction = error_frames / (CORRECTION_S * self._source_hz)
        step *= 1 + max(-CORRECTION_LIMIT, min(correction, CORRECTION_LIMIT))
        count = self._resampler.renderable(self._frame, self._fraction, step)
        if count > 0:
            self.feed.write(self._resampler.render(self._frame, self._fraction, step, count))
            self._advance(count * step)

    def _due_ns(self, frame: int, mapping: ClockMapping, latency_ns: int) -> int:
        """The monotonic instant whose sound a media frame is to carry."""
        return mapping.monotonic_at(ns_at(frame, self.feed.rate_hz) - latency_ns)

    def _place(self, clock: SourceClock, mapping: ClockMapping, latency_ns: int, now_frame: int) -> int:
        """Choose the media frame that goes on with the sound at hand; returns the instant whose sound it carries."""
        rate_hz = self.feed.rate_hz
        captured_ns = mapping.media_at(clock.time_of(self._frame, self._fraction))
        earliest = now_frame + math.ceil(GUARD_MS * rate_hz / 1000)
        first = max(frames_at(captured_ns + latency_ns, rate_hz) + 1, earliest)
        due_ns = self._due_ns(first, mapping, latency_ns)
        self._frame, self._fraction = clock.position_at(due_ns)
        self.feed.begin(first, now_frame=now_frame, fade=True, end=self._end)
        self._end = None
        self._anchor = mapping.anchor
        return due_ns

    def _advance(self, frames: float) -> None:
        whole = math.floor(self._fraction + frames)
        self._fraction += frames - whole
        self._frame += whole


def _difference(later: tuple[int, float], earlier: tuple[int, float]) -> float:
    """Frames between two positions, without rounding the numbers of frames."""
    return (later[0] - earlier[0]) + (later[1] - earlier[1])
