"""The players: a tone, silence, and whatever GStreamer captures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from aes67_sender.engine.sources.driven import AHEAD_MS, START_MS, DrivenBridge, ms_to_frames
from aes67_sender.engine.sources.live import LiveBridge
from aes67_sender.engine.sources.tone import tone
from aes67_sender.logic.latency import LatencyTarget
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.engine.sources.runner import SourceRunner
    from aes67_sender.errors import SenderError
    from aes67_sender.gst.capture import Capture
    from aes67_sender.model.capture import Block

PACE_S: Final = 0.05
PULL_TIMEOUT_S: Final = 0.1
START_TIMEOUT_S: Final = 5.0


class SilencePlayer:
    """Writes nothing: a feed without frames is silent."""

    def play(self, studio: SourceRunner) -> None:
        """Be running until stopped."""
        studio.running()
        while not studio.stopping:
            studio.wait(1.0)


@dataclass(frozen=True, slots=True)
class TonePlayer:
    """A sine on every channel, bit-exact by the media clock."""

    frequency_hz: float
    level_dbfs: float

    def play(self, studio: SourceRunner) -> None:
        """Keep every feed written ahead of the clock."""
        placed = 0
        while not studio.stopping:
            anchor = studio.timebase.anchor
            for rate_hz, feed in studio.feeds.items():
                now_frame = studio.timebase.now_frame(rate_hz)
                if anchor != placed or feed.position <= now_frame:
                    feed.begin(now_frame + ms_to_frames(START_MS, rate_hz), now_frame=now_frame, fade=True)
                frames = now_frame + ms_to_frames(AHEAD_MS, rate_hz) - feed.position
                if frames > 0:
                    wave = tone(
                        feed.position,
                        frames,
                        rate_hz=rate_hz,
                        frequency_hz=self.frequency_hz,
                        level_dbfs=self.level_dbfs,
                    )
                    sound = np.broadcast_to(wave[:, None], (frames, feed.channels))
                    feed.write(sound)
                    studio.meter(sound)
            placed = anchor
            studio.running()
            studio.wait(PACE_S)


class CapturePlayer:
    """A GStreamer pipeline, built anew for every run. What is learned of the source outlives it."""

    def __init__(self, build: Callable[[], Capture], ended: type[SenderError], *, latency_ms: float | None) -> None:
        """``build`` makes the capture, ``ended`` is what it raises at its end.

        ``latency_ms`` is from capture to the wire, of live sources; ``None`` finds the smallest that works.
        """
        self._build = build
        self._ended = ended
        self._latency = LatencyTarget(latency_ms)
        self._rate_ppm = 0.0

    def play(self, studio: SourceRunner) -> None:
        """Run one pipeline to its end."""
        capture = self._build()
        try:
            capture.start(START_TIMEOUT_S)
            if capture.live:
                self._follow(studio, capture)
            else:
                self._drive(studio, capture)
        finally:
            capture.stop()

    def _follow(self, studio: SourceRunner, capture: Capture) -> None:
        """Resample what comes, when it comes, so that it keeps the media clock's pace."""
        bridge: LiveBridge | None = None
        block: Block | None = None
        while not studio.stopping:
            block = block or capture.pull(PULL_TIMEOUT_S)
            if block is None:
                continue
            following_block = capture.pull(0)
            if bridge is None or bridge.rate_hz != block.rate_hz:
                bridge = LiveBridge(block.rate_hz, self._latency, rate_ppm=self._rate_ppm)
            xruns, backlog = bridge.xruns, following_block is not None
            studio.meter(block.samples)
            mapping = studio.timebase.need()
            following = bridge.take(block, studio.feeds, mapping, monotonic_ns(), backlog=backlog)
            studio.running(capture.notes, following)
            studio.count_xruns(bridge.xruns - xruns)
            if bridge.late:
                studio.late(self._latency.needed_ns / NS_PER_MS)
            self._rate_ppm = bridge.rate_ppm
            block = following_block

    def _drive(self, studio: SourceRunner, capture: Capture) -> None:
        """Pull as fast as the media clock needs it."""
        bridge: DrivenBridge | None = None
        try:
            while not studio.stopping:
                feeds = studio.feeds
                if bridge is not None and not bridge.wants_more(feeds):
                    studio.wait(PACE_S)
                elif (block := capture.pull(PULL_TIMEOUT_S)) is not None:
                    if bridge is None or bridge.rate_hz != block.rate_hz:
                        bridge = DrivenBridge(block.rate_hz, block.samples.shape[1], studio.timebase)
                    xruns = bridge.xruns
                    studio.meter(block.samples)
                    bridge.take(block, feeds)
                    studio.running(capture.notes)
                    studio.count_xruns(bridge.xruns - xruns)
        except self._ended:
            if bridge is not None:
                bridge.finish()
