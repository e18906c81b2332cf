"""A card with a crystal of its own, a media clock, and what the transmit loop would send of it; time is moved by hand.

The sound is a function of media time, so what is sent must be that function, later by the latency and by nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from aes67_sender.engine.feed import Feed, ring_frames
from aes67_sender.engine.sources.live import Following, LiveBridge
from aes67_sender.engine.transmit.fading import next_gain
from aes67_sender.engine.transmit.tables import allocate
from aes67_sender.logic.latency import LatencyTarget
from aes67_sender.model.capture import Block
from aes67_sender.model.clock import ClockMapping
from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US, PPM, frames_at

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

START_NS = 5_000 * NS_PER_S
EPOCH_NS = 1_796_212_800 * NS_PER_S
TONE_HZ = 440.0
#: What is sent in one go: one packet.
PACKET_FRAMES = 48


@dataclass
class LiveRig:
    """``lateness_ns`` gives how long after its end a block comes; ``seen`` is how things were after each block."""

    source_hz: int = 48_000
    rate_hz: int = 48_000
    block_frames: int = 256
    card_ppm: float = 0.0
    media_ppm: float = 0.0
    latency_ms: float | None = 20.0
    lateness_ns: Callable[[Random], int] = lambda random: round(random.random() * 20 * NS_PER_US)
    random: Random = field(default_factory=lambda: Random(1))
    seen: list[Following] = field(default_factory=list)

    def __post_init__(self) -> None:
        frames = ring_frames(self.rate_hz)
        self.tables = allocate(groups=0, streams=0, feeds=1, pool_samples=frames, packet_bytes=12)
        self.feed = Feed(self.tables, 0, rate_hz=self.rate_hz, channels=1, first_sample=0)
        self.feeds = {self.rate_hz: self.feed}
        self.mapping = ClockMapping(START_NS, EPOCH_NS, self.media_ppm, 1)
        self.latency = LatencyTarget(self.latency_ms)
        self.bridge = LiveBridge(self.source_hz, self.latency)
        self.captured_ns = float(START_NS)
        self.sent: list[tuple[int, float]] = []
        self._gain = 0.0
        self._muted = 0
        self._packet = frames_at(EPOCH_NS, self.rate_hz) // PACKET_FRAMES
        self._came_ns = START_NS
        self._waiting: list[tuple[int, Block]] = []

    def sound(self, media_ns: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """The sound at instants counted from ``EPOCH_NS``."""
        return 0.5 * np.sin(2 * np.pi * TONE_HZ * media_ns / NS_PER_S)

    def run(self, seconds: float) -> None:
        """Capture for so long, and let what was captured come."""
        end_ns = self.captured_ns + seconds * NS_PER_S
        while self.captured_ns < end_ns:
            self.capture()

    def lose(self, seconds: float) -> None:
        """The card goes on, but delivers nothing of it."""
        self.captured_ns += seconds * NS_PER_S

    def capture(self, *, gap: bool = False, more: bool = False) -> None:
        """One block, as soon as it comes; ``more`` are waiting behind it."""
        step_ns = NS_PER_S / self.source_hz / (1 + self.card_ppm * PPM)
        first_ns = self.captured_ns
        instants_ns = first_ns + np.arange(self.block_frames) * step_ns
        media_ns = (instants_ns - self.mapping.monotonic_ns) * (1 + self.mapping.rate_ppm * PPM)
        samples = self.sound(media_ns + (self.mapping.media_ns - EPOCH_NS)).astype(np.float32)[:, None]
        self.captured_ns = first_ns + self.block_frames * step_ns
        lateness_ns = self.lateness_ns(self.random)
        came_ns = max(round(self.captured_ns) + lateness_ns, self._came_ns)
        self.send_until(came_ns)
        self._came_ns = came_ns
        # All that is known of when it was captured is when it came.
        stamp_ns = came_ns - round(self.block_frames * NS_PER_S / self.source_hz)
        backlog = more or came_ns > round(self.captured_ns) + lateness_ns
        block = Block(samples, self.source_hz, stamp_ns, gap)
        self.seen.append(self.bridge.take(block, self.feeds, self.mapping, came_ns, backlog=backlog))

    def send_until(self, monotonic_ns: int) -> None:
        """What the transmit loop does meanwhile: it packs a packet when the one before it has been sent."""
        tables, mask = self.tables, ring_frames(self.rate_hz) - 1
        while frames_at(self.mapping.media_at(monotonic_ns), self.rate_hz) >= self._packet * PACKET_FRAMES:
            written = int(tables.written[0])
            for frame in range(self._packet * PACKET_FRAMES, (self._packet + 1) * PACKET_FRAMES):
                self._gain = next_gain(self._gain, written - frame, mask + 1, self.rate_hz * 5 // 1000, self._muted)
                self.sent.append((frame, float(tables.pool[frame & mask]) * self._gain))
            self._packet += 1

    def step_media(self, seconds: float) -> None:
        """Another epoch begins, after the fade for which the engine waits."""
        self._muted = 1
        self.send_until(self._came_ns + 10 * NS_PER_MS)
        self._muted = 0
        now_ns = self._came_ns
        media_ns = self.mapping.media_at(now_ns) + round(seconds * NS_PER_S)
        self.mapping = ClockMapping(now_ns, media_ns, self.mapping.rate_ppm, self.mapping.anchor + 1)
        self._packet = frames_at(media_ns, self.rate_hz) // PACKET_FRAMES + 1

    def heard(self, last_s: float) -> npt.NDArray[np.float64]:
        """What was sent in the last seconds."""
        return np.array([value for _, value in self.sent[-round(last_s * self.rate_hz) :]])

    def steepest(self, last_s: float) -> float:
        """The largest step from one sample sent to the next."""
        return float(np.abs(np.diff(self.heard(last_s))).max())

    def delays_ms(self, last_s: float, window_s: float = 0.05) -> npt.NDArray[np.float64]:
        """How much later than captured each window was sent, by the phase of the tone; a period is not told apart."""
        count = round(window_s * self.rate_hz)
        sent = self.sent[-round(last_s * self.rate_hz) :]
        delays = []
        for at in range(0, len(sent) - count + 1, count):
            frames = np.array([frame for frame, _ in sent[at : at + count]])
            values = np.array([value for _, value in sent[at : at + count]])
            base_frame = frames_at(EPOCH_NS, self.rate_hz)
            turns = TONE_HZ * (frames - base_frame) / self.rate_hz
            # The window is no whole number of periods, so both parts are fitted.
            basis = np.stack([np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)], axis=1)
            (in_phase, quadrature), *_ = np.linalg.lstsq(basis, values, rcond=None)
            delays.append(-np.arctan2(quadrature, in_phase) / (2 * np.pi * TONE_HZ) * 1000)
        return np.array(delays) % (1000 / TONE_HZ)

    @property
    def wanted_delay_ms(self) -> float:
        """The latency as ``delays_ms`` would tell it."""
        return self.latency.target_ns / NS_PER_MS % (1000 / TONE_HZ)
