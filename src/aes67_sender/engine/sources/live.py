"""A live source: its own crystal on one side, the media clock on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.engine.sources.lane import LiveLane
from aes67_sender.logic.drift import SourceClock
from aes67_sender.units import NS_PER_MS, NS_PER_S, PPM, frames_at, ns_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aes67_sender.engine.feed import Feed
    from aes67_sender.engine.transmit.tables import Float32Array
    from aes67_sender.logic.drift import Verdict
    from aes67_sender.logic.latency import LatencyTarget
    from aes67_sender.model.capture import Block
    from aes67_sender.model.clock import ClockMapping

#: A source that was silent for longer has paused; what it did not deliver meanwhile is not missing.
PAUSE_NS: Final = NS_PER_S
#: Blocks kept while it is not known whether frames were lost before them.
MOST_DOUBTFUL: Final = 8


@dataclass(frozen=True, slots=True)
class Following:
    """How a live source is followed. ``ratio_ppm``: how much faster than the media clock it runs.

    ``latency_ms``: from capture to the wire, as it is; ``jitter_ms``: how unevenly its blocks come.
    """

    ratio_ppm: float = 0.0
    latency_ms: float = 0.0
    jitter_ms: float = 0.0


class LiveBridge:
    """Takes the blocks of one live source, from one start to its end, at one native rate. One thread."""

    def __init__(self, rate_hz: int, latency: LatencyTarget, *, rate_ppm: float = 0.0) -> None:
        """``rate_ppm`` is what is known of the source's crystal from an earlier run."""
        self.rate_hz = rate_hz
        self.xruns = 0
        self.late = False
        self._clock = SourceClock(rate_hz, rate_ppm=rate_ppm)
        self._latency = latency
        self._lanes: dict[Feed, LiveLane] = {}
        self._heard_ns = 0
        self._spare_ns: int | None = None
        #: Blocks that came late: whether the machine stalled or the source lost frames before them, the next will tell.
        self._doubtful: list[Float32Array] = []

    @property
    def rate_ppm(self) -> float:
        """The source's crystal against the monotonic clock."""
        return self._clock.rate_ppm

    def take(
        self, block: Block, feeds: Mapping[int, Feed], mapping: ClockMapping, now_ns: int, *, backlog: bool
    ) -> Following:
        """Pass a block on to every ring. ``now_ns`` is on the monotonic clock; ``backlog``: more blocks are waiting.

        Counts in ``xruns`` what was lost on the way, and tells in ``late`` whether this block came after its time.
        """
        frames, first_frame = len(block.samples), self._clock.end
        captured_ns = now_ns if block.captured_ns is None else block.captured_ns
        gaps = self._clock.gaps
        verdict = self._clock.add(frames, captured_ns, gap=block.gap, backlog=backlog)
        self._fit_lanes(feeds, block.samples.shape[1], first_frame)
        again = self._weigh(verdict, block, first_frame)
        if captured_ns - self._heard_ns < PAUSE_NS:
            # A gap may be placed better by the blocks after it: that is none of its own.
            self.xruns += self._clock.gaps - gaps
        if verdict != "late":
            self._heard_ns = captured_ns
        self._latency.expect(frames * NS_PER_S // self.rate_hz)
        now_media_ns = mapping.media_at(now_ns)
        self._feel_spare(now_media_ns)
        # Whether it is the machine's lateness or a pause, only the last block of a backlog can tell.
        anew = verdict != "late" and not backlog and self._judge_latency(now_ns, mapping, frames)
        for lane in self._lanes.values():
            for samples in (*again, block.samples):
                lane.push(samples)
            lane.render(
                self._clock,
                mapping,
                latency_ns=self._latency.target_ns,
                now_frame=frames_at(now_media_ns, lane.feed.rate_hz),
                anew=anew,
            )
        return self._following(mapping)

    def _weigh(self, verdict: Verdict, block: Block, first_frame: int) -> Sequence[Float32Array]:
        """Cut the lanes where frames were lost; returns the blocks that must be pushed again because of that."""
        again: Sequence[Float32Array] = ()
        if verdict == "late":
            if not self._doubtful:
                for lane in self._lanes.values():
                    lane.mark()
            self._doubtful.append(block.samples)
            del self._doubtful[:-MOST_DOUBTFUL]
            return again
        if verdict == "gap":
            # Unless the driver says that it was here, the frames were lost before the first block that was late.
            again = () if block.gap else self._doubtful
            begin = first_frame - sum(len(samples) for samples in again)
            for lane in self._lanes.values():
                lane.cut(begin)
        for lane in self._lanes.values():
            lane.unmark()
        self._doubtful = []
        return again

    def _fit_lanes(self, feeds: Mapping[int, Feed], channels: int, first_frame: int) -> None:
        """One lane for each feed, also for those that have just come."""
        if self._lanes.keys() != set(feeds.values()):
            self._lanes = {
                feed: self._lanes.get(feed) or LiveLane(feed, channels, self.rate_hz, first_frame)
                for feed in feeds.values()
            }

    def _feel_spare(self, now_media_ns: int) -> None:
        """How much sound is still ahead of what is being sent, when a block comes."""
        lane = self._placed_lane()
        if lane is not None:
            spare_ns = ns_at(lane.feed.position, lane.feed.rate_hz) - now_media_ns
            self._spare_ns = spare_ns if self._spare_ns is None else min(spare_ns, self._spare_ns)

    def _judge_latency(self, now_ns: int, mapping: ClockMapping, frames: int) -> bool:
        """Tell the latency how close it was, unless frames were lost; whether its word must be taken up at once."""
        spare_ns, self._spare_ns = self._spare_ns, None
        was_late, self.late = self.late, False
        lane = self._placed_lane()
        if spare_ns is None or lane is None:
            return False
        before_ns = self._latency.target_ns
        excess_ns = lane.latency_ns(self._clock, mapping) - before_ns
        self._latency.observe(now_ns, spare_ns, frames * NS_PER_S // self.rate_hz, excess_ns=excess_ns)
        self.late = spare_ns < 0
        if self.late and not was_late:
            self.xruns += 1
        return self._latency.target_ns > before_ns

    def _placed_lane(self) -> LiveLane | None:
        return next((lane for lane in self._lanes.values() if lane.is_placed), None)

    def _following(self, mapping: ClockMapping) -> Following:
        ratio = (1 + self._clock.rate_ppm * PPM) / (1 + mapping.rate_ppm * PPM)
        lane = self._placed_lane()
        return Following(
            ratio_ppm=(ratio - 1) / PPM,
            latency_ms=lane.latency_ns(self._clock, mapping) / NS_PER_MS if lane is not None else 0.0,
            jitter_ms=self._clock.jitter_ns / NS_PER_MS,
        )
