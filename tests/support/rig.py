"""A transmitter whose loop runs as plain Python in a made-up world, and what its packets hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aes67_sender.engine.transmit.plan import FeedPlan, Spare, StreamPlan
from aes67_sender.engine.transmit.tables import Control
from aes67_sender.engine.transmit.transmitter import Transmitter
from aes67_sender.model.clock import ClockMapping
from aes67_sender.model.packet import PacketFormat
from aes67_sender.model.protocol import StreamHandover
from support.plainloop import Sent, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

START_NS = 5_000_000_123
EPOCH_NS = 1_796_212_800_000_000_000
MS = 1_000_000
#: As often as the engine does it.
TEND_NS = 50 * MS


class Rig:
    """A transmitter in a made-up world. ``spare`` is the room for more."""

    def __init__(
        self,
        modules: dict[str, ModuleType],
        plans: Sequence[StreamPlan],
        feeds: Sequence[FeedPlan],
        spare: Spare | None = None,
    ) -> None:
        self._loop = modules["loop"]
        self.transmitter = Transmitter(plans, feeds, spare)
        self.tables = self.transmitter.tables
        self.world = World(START_NS, 0, self._stop)

    def _stop(self) -> None:
        self.tables.control[Control.STOP] = 1

    def run(self, duration_ns: int) -> list[Sent]:
        self.tables.control[Control.STOP] = 0
        self.world.stop_at_ns = self.world.now_ns + duration_ns
        before = len(self.world.sent)
        self._loop.transmit_loop(self.world, self.tables, self.transmitter.messages)
        sent: list[Sent] = self.world.sent[before:]
        return sent

    def run_doing(self, duration_ns: int, actions: Sequence[tuple[int, Callable[[], object]]]) -> list[Sent]:
        """Run, and at these ns after the beginning do these things, as the engine's main thread would."""
        begun_ns = self.world.now_ns
        waiting = sorted(actions, key=lambda action: action[0])
        tended_ns = begun_ns

        def between_packets(wake_ns: int) -> int:
            nonlocal tended_ns
            while waiting and waiting[0][0] <= wake_ns - begun_ns:
                waiting.pop(0)[1]()
            if wake_ns - tended_ns >= TEND_NS:
                tended_ns = wake_ns
                self.transmitter.tend()
            return 0

        self.world.oversleep = between_packets
        sent = self.run(duration_ns)
        assert not waiting
        return sent

    def play(self, slot: int, sound: Callable[[Any], Any], duration_ns: int, *, after_ns: int = 0) -> None:
        """Write into a feed what ``sound`` makes of the numbers of frames from then on; the same for all channels.

        What begins later than now is faded in, as sources do.
        """
        feed = self.transmitter.feed(slot)
        now = self.frame_now(feed.rate_hz)
        first, count = now + after_ns * feed.rate_hz // 10**9, duration_ns * feed.rate_hz // 10**9
        feed.begin(first, now_frame=now, fade=after_ns > 0)
        frames = np.asarray(sound(np.arange(first, first + count)), np.float32)
        feed.write(np.repeat(frames[:, None], feed.channels, axis=1))

    def frame_now(self, rate_hz: int) -> int:
        return mapping().media_at(self.world.now_ns) * rate_hz // 10**9

    def frames(self, sent: Sequence[Sent], rate_hz: int, count: int) -> Any:
        """The numbers of the ``count`` frames that packets of the last hours hold."""
        now = self.frame_now(rate_hz)
        return now - (now - sent[0].timestamp) % 2**32 + np.arange(count)


def plan(
    identity: str = "s1",
    *,
    packet: PacketFormat | None = None,
    ssrc: int = 1,
    offset: int = 0,
    feed: int = 0,
    channel_map: tuple[int, ...] = (0, 1),
    socket: int = 3,
    gains: tuple[float, ...] = (),
) -> StreamPlan:
    packet = packet or PacketFormat("L24", 48_000, len(channel_map), 1000)
    return StreamPlan(StreamHandover(identity, ssrc, offset), packet, 97, feed, channel_map, socket, bytes(16), gains)


def mapping(rate_ppm: float = 0.0, anchor: int = 1, media_ns: int = EPOCH_NS) -> ClockMapping:
    return ClockMapping(START_NS, media_ns, rate_ppm, anchor)


def decode_l24(sent: list[Sent], channels: int) -> Any:
    octets = np.frombuffer(b"".join(packet.payload for packet in sent), np.uint8).reshape(-1, channels, 3).astype(int)
    values = (octets[..., 0] << 16) | (octets[..., 1] << 8) | octets[..., 2]
    return values - ((values >= 1 << 23) << 24)


def decode_l16(sent: list[Sent], channels: int) -> Any:
    return np.frombuffer(b"".join(packet.payload for packet in sent), ">i2").reshape(-1, channels).astype(int)
