"""A source without a clock of its own: it is read as fast as the media clock needs it, and stays bit-exact."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from aes67_sender.engine.resample.resampler import Resampler
from aes67_sender.units import frames_at, ns_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.engine.feed import Feed
    from aes67_sender.engine.timebase import Timebase
    from aes67_sender.engine.transmit.tables import Float32Array
    from aes67_sender.model.capture import Block

#: How far ahead of the clock it is written: longer than any stall of the machine.
AHEAD_MS: Final = 400
#: From now to the first frame; longer than a fade.
START_MS: Final = 30


def ms_to_frames(duration_ms: float, rate_hz: int) -> int:
    """Frames that last at least so long."""
    return math.ceil(duration_ms * rate_hz / 1000)


class DrivenLane:
    """One ring of a driven source; at the source's own rate its samples pass unchanged."""

    def __init__(self, feed: Feed, channels: int, source_hz: int) -> None:
        self.feed = feed
        self.anchor = 0
        self._source_hz = source_hz
        same = feed.rate_hz == source_hz
        self._resampler = None if same else Resampler(channels, source_hz, feed.rate_hz)
        self._rendered = 0

    def begin(self, frame: int, anchor: int, *, now_frame: int) -> None:
        """Go on at a media frame."""
        # A beginning needs no fade, and stays bit-exact from its first sample.
        self.feed.begin(frame, now_frame=now_frame, fade=self.anchor != 0)
        self.anchor = anchor

    def take(self, samples: Float32Array) -> None:
        """Append a block, shape (frames, channels)."""
        if self._resampler is None:
            self.feed.write(samples)
            return
        self._resampler.push(samples)
        step = self._source_hz / self.feed.rate_hz
        # From integers, so that no rounding adds up.
        frame, rest = divmod(self._rendered * self._source_hz, self.feed.rate_hz)
        fraction = rest / self.feed.rate_hz
        count = self._resampler.renderable(frame, fraction, step)
        if count > 0:
            self.feed.write(self._resampler.render(frame, fraction, step, count))
            self._rendered += count

    def flush(self, channels: int) -> None:
        """Append what the filter still holds back, at the end of the sound."""
        if self._resampler is not None:
            self.take(np.zeros((self._resampler.reach_frames + 1, channels), np.float32))


class DrivenBridge:
    """Takes the blocks of one driven source, at one native rate. One thread."""

    def __init__(self, rate_hz: int, channels: int, timebase: Timebase) -> None:
        self.rate_hz = rate_hz
        self.xruns = 0
        self._channels = channels
        self._timebase = timebase
        self._lanes: dict[Feed, DrivenLane] = {}

    def wants_more(self, feeds: Mapping[int, Feed]) -> bool:
        """Whether any ring is not written far enough ahead."""
        self._fit_lanes(feeds)
        return any(
            lane.anchor != self._timebase.anchor
            or lane.feed.position - self._timebase.now_frame(lane.feed.rate_hz)
            <= ms_to_frames(AHEAD_MS, lane.feed.rate_hz)
            for lane in self._lanes.values()
        )

    def take(self, block: Block, feeds: Mapping[int, Feed]) -> None:
        """Pass a block on to every ring. Counts in ``xruns`` what came too late."""
        self._fit_lanes(feeds)
        anchor = self._timebase.anchor
        running = next((lane for lane in self._lanes.values() if lane.anchor == anchor and self._is_ahead(lane)), None)
        # One that has just come begins where the others are.
        begin_ns = ns_at(running.feed.position, running.feed.rate_hz) if running is not None else None
        for lane in self._lanes.values():
            rate_hz = lane.feed.rate_hz
            if lane.anchor != anchor or not self._is_ahead(lane):
                self.xruns += lane.anchor == anchor
                now_frame = self._timebase.now_frame(rate_hz)
                soon = now_frame + ms_to_frames(START_MS, rate_hz)
                lane.begin(soon if begin_ns is None else frames_at(begin_ns, rate_hz), anchor, now_frame=now_frame)
            lane.take(block.samples)

    def finish(self) -> None:
        """The source is over."""
        for lane in self._lanes.values():
            lane.flush(self._channels)

    def _is_ahead(self, lane: DrivenLane) -> bool:
        return lane.feed.position > self._timebase.now_frame(lane.feed.rate_hz)

    def _fit_lanes(self, feeds: Mapping[int, Feed]) -> None:
        if self._lanes.keys() != set(feeds.values()):
            self._lanes = {
                feed: self._lanes.get(feed) or DrivenLane(feed, self._channels, self.rate_hz) for feed in feeds.values()
            }
