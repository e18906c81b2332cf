"""The Python side of the packet path: fills the tables, runs the loop in its thread, reads its counters."""

from __future__ import annotations

import threading
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aes67_sender.engine.feed import Feed, ring_frames
from aes67_sender.engine.transmit.layout import Layouts, group_key
from aes67_sender.engine.transmit.loop import transmit_loop
from aes67_sender.engine.transmit.plan import CapacityError, FeedPlan, Spare, StreamPlan
from aes67_sender.engine.transmit.realtime import Realtime
from aes67_sender.engine.transmit.reporting import Reporter
from aes67_sender.engine.transmit.room import Room
from aes67_sender.engine.transmit.stream import Route, StreamRow
from aes67_sender.engine.transmit.system import become_realtime, system_calls
from aes67_sender.engine.transmit.tables import MAPPING_SLOTS, MAX_FRAMES, Control, allocate
from aes67_sender.model.packet import MAX_PAYLOAD_BYTES, RTP_HEADER_BYTES
from aes67_sender.units import PPM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aes67_sender.engine.transmit.system import Messages
    from aes67_sender.model.clock import ClockMapping
    from aes67_sender.model.protocol import StreamReport

STOP_TIMEOUT_S: Final = 0.5
#: Two fades long.
MUTE_S: Final = 0.01
#: So that no two packets share a line of the processor's cache.
CACHE_LINE_BYTES: Final = 64
#: Channels of a ring are counted in rings of this rate.
RING_RATE_HZ: Final = 48_000


def _feed_samples(plan: FeedPlan) -> int:
    return ring_frames(plan.rate_hz) * plan.channels


class Transmitter:
    """All streams of an engine, and their feeds: all of it can change while they are sent.

    Control from one thread, but ``publish``, which another may call; the loop runs in its own.
    """

    def __init__(self, streams: Sequence[StreamPlan], feeds: Sequence[FeedPlan], spare: Spare | None = None) -> None:
        """Feeds get the slots 0, 1, 2 … in their order. Raises ``MachineError`` where the loop cannot run at all."""
        spare = spare or Spare()
        self._calls = system_calls()
        pool_samples = sum(_feed_samples(feed) for feed in feeds) + ring_frames(RING_RATE_HZ) * spare.ring_channels
        longest = max(MAX_PAYLOAD_BYTES, *(plan.packet.payload_bytes for plan in streams), 0) + RTP_HEADER_BYTES
        self.tables = allocate(
            groups=len({group_key(plan) for plan in streams}) + spare.groups,
            streams=len(streams) + spare.streams,
            feeds=len(feeds) + spare.feeds,
            pool_samples=pool_samples,
            packet_bytes=-(-longest // CACHE_LINE_BYTES) * CACHE_LINE_BYTES,
        )
        self._feed_room = Room(len(self.tables.feeds), "sources")
        self._pool_room = Room(pool_samples, "channels of sources")
        self._row_room = Room(len(self.tables.streams), "streams")
        self._feeds: dict[int, Feed] = {}
        self._pool_starts: dict[int, int] = {}
        self._streams: dict[str, StreamRow] = {}
        self._reporter = Reporter(self.tables)
        #: Streams that fade out; those that are to leave the layout; those that left it, with the number of the next.
        self._fading: list[StreamRow] = []
        self._leaving: list[StreamRow] = []
        self._left: list[tuple[int, StreamRow]] = []
        self._layouts = Layouts(self.tables)
        self._changed = False
        self._published = 0
        self.realtime = Realtime(granted=False, why="not asked yet")
        self._thread = threading.Thread(target=self._run, name="transmit", daemon=True)
        for feed in feeds:
            self.add_feed(feed)
        self.add_streams(streams)

    @property
    def feeds(self) -> Mapping[int, Feed]:
        """The feeds by slot."""
        return MappingProxyType(self._feeds)

    def feed(self, slot: int) -> Feed:
        """The writing end of the ring in a slot."""
        return self._feeds[slot]

    def add_feed(self, plan: FeedPlan) -> int:
        """Make a ring; returns its slot.

        Raises:
            CapacityError: no slot or not enough memory is left in the tables.

        """
        self.tend()
        slot = self._feed_room.take()
        try:
            start = self._pool_room.take(_feed_samples(plan))
        except CapacityError:
            self._feed_room.give(slot)
            raise
        self.tables.written[slot] = 0
        self._pool_starts[slot] = start
        self._feeds[slot] = Feed(self.tables, slot, rate_hz=plan.rate_hz, channels=plan.channels, first_sample=start)
        return slot

    def remove_feed(self, slot: int) -> None:
        """Free a ring that nobody writes any more.

        Raises:
            ValueError: a stream is still heard from it, see ``busy_feeds``.

        """
        self.tend()
        if slot in self.busy_feeds():
            raise ValueError(f"feed {slot} is still heard")
        del self._feeds[slot]
        self._pool_room.give(self._pool_starts.pop(slot))
        self._feed_room.give(slot)

    def busy_feeds(self) -> frozenset[int]:
        """Slots that the loop reads, or is about to."""
        return frozenset().union(*(stream.feeds for stream in (*self._streams.values(), *self._going)))

    @property
    def leaving(self) -> tuple[StreamPlan, ...]:
        """Streams that were removed and that the loop still sends, or may."""
        return tuple(stream.plan for stream in self._going)

    @property
    def _going(self) -> tuple[StreamRow, ...]:
        return (*self._fading, *self._leaving, *(stream for _, stream in self._left))

    def add_streams(self, plans: Sequence[StreamPlan]) -> None:
        """Send more streams, from the packet on that is being sampled; they fade in over 5 ms.

        Raises:
            CapacityError: the tables have no room for all of them; none is added.
            ValueError: an identity is in use, a feed is not there, or a channel map does not fit.

        """
        self.tend()
        self._check(plans)
        rows: list[int] = []
        try:
            rows.extend(self._row_room.take() for _ in plans)
            self._layouts.reserve(dict(zip(rows, plans, strict=True)))
        except CapacityError:
            for row in rows:
                self._row_room.give(row)
            raise
        for row, plan in zip(rows, plans, strict=True):
            packet = self.tables.packets[row].ctypes.data, RTP_HEADER_BYTES + plan.packet.payload_bytes
            self._layouts.messages.fill_row(row, packet, plan.destination)
            identity = plan.handover.id
            self._streams[identity] = StreamRow(self.tables, row, plan)
            self._reporter.add(row, plan)
        self._changed = True
        self.tend()

    def _check(self, plans: Sequence[StreamPlan]) -> None:
        identities = [*self._streams, *(plan.handover.id for plan in plans)]
        if len(identities) != len(set(identities)):
            raise ValueError("two streams have the same identity")
        for plan in plans:
            self._check_route(plan, Route(plan.feed, plan.channel_map))
            self._check_gains(plan, plan.gains or (1.0,) * plan.packet.channels)
            if (
                plan.packet.frames > MAX_FRAMES
                or plan.packet.payload_bytes + RTP_HEADER_BYTES > self.tables.packets.shape[1]
            ):
                raise CapacityError(f"Packets of {plan.handover.id} are longer than this engine can make.")

    def _check_route(self, plan: StreamPlan, route: Route) -> None:
        if route.feed not in self._feeds:
            raise ValueError(f"there is no feed {route.feed}")
        if len(route.channel_map) != plan.packet.channels:
            raise ValueError(f"stream {plan.handover.id} has {plan.packet.channels} channels")
        if max(route.channel_map, default=-1) >= self._feeds[route.feed].channels:
            raise ValueError(f"feed {route.feed} has {self._feeds[route.feed].channels} channels")
        if plan.packet.rate_hz != self._feeds[route.feed].rate_hz:
            raise ValueError(f"feed {route.feed} has another sample rate than stream {plan.handover.id}")

    @staticmethod
    def _check_gains(plan: StreamPlan, gains: tuple[float, ...]) -> None:
        if len(gains) != plan.packet.channels:
            raise ValueError(f"stream {plan.handover.id} has {plan.packet.channels} channels")

    def remove_stream(self, identity: str) -> None:
        """Fade a stream out over 10 ms, then send it no more; returns at once. The identity is free from now on.

        Raises:
            KeyError: no such stream.

        """
        stream = self._streams.pop(identity)
        self._reporter.remove(identity)
        stream.forget_wish()
        stream.set_gains((0.0,) * stream.plan.packet.channels)
        self._fading.append(stream)
        self.tend()

    def route(self, identity: str, feed: int, channel_map: tuple[int, ...]) -> None:
        """Cross-fade a stream to another feed or other channels, over 10 ms. The newest wish counts.

        Raises:
            KeyError: no such stream.
            ValueError: no such feed, or the map does not fit stream or feed.

        """
        stream, route = self._streams[identity], Route(feed, channel_map)
        self._check_route(stream.plan, route)
        stream.route(route)

    def set_gains(self, identity: str, gains: tuple[float, ...]) -> None:
        """Go to linear gains, one per channel, over 10 ms; 0 mutes.

        Raises:
            KeyError: no such stream.
            ValueError: not as many gains as channels.

        """
        stream = self._streams[identity]
        self._check_gains(stream.plan, gains)
        stream.set_gains(gains)

    def is_settled(self, identity: str) -> bool:
        """Whether the stream sounds as it was last asked to. Without a clock nothing gets there."""
        return self._streams[identity].is_settled

    def tend(self) -> None:
        """Go on with what waits for the loop; call it about twenty times a second."""
        for stream in self._streams.values():
            stream.tend()
        # Without a clock there is nothing to fade.
        unheard = not self._has_clock
        gone = [stream for stream in self._fading if unheard or stream.at_its_gains]
        self._fading = [stream for stream in self._fading if stream not in gone]
        self._leaving += gone
        self._changed = self._changed or bool(gone)
        if not self._layouts.in_use:
            return
        for _, stream in self._left:
            self._row_room.give(stream.row)
        self._left = []
        if self._changed:
            sent = (*self._streams.values(), *self._fading)
            self._layouts.publish({stream.row: stream.plan for stream in sent})
            self._left = [(self._layouts.serial, stream) for stream in self._leaving]
            self._leaving = []
            self._changed = False

    @property
    def _has_clock(self) -> bool:
        return bool(self.tables.mappings[self._published]["anchor"])

    def publish(self, mapping: ClockMapping) -> None:
        """Give the loop a new clock mapping; it counts from the next packet on.

        A new epoch, in which stamps jump, is met in silence: takes 10 ms then.
        """
        sounding = self._thread.is_alive() and self._has_clock
        stepped = sounding and mapping.anchor != self.tables.mappings[self._published]["anchor"]
        if stepped:
            self.tables.control[Control.MUTE] = 1
            time.sleep(MUTE_S)
        self._published = (self._published + 1) % MAPPING_SLOTS
        self.tables.mappings[self._published] = (
            mapping.monotonic_ns,
            mapping.media_ns,
            mapping.rate_ppm * PPM,
            mapping.anchor,
        )
        self.tables.control[Control.MAPPING] = self._published
        if stepped:
            # Sources begin anew, and fade in.
            self.tables.control[Control.MUTE] = 0

    def start(self) -> None:
        """Run the loop; nothing is sent before the first ``publish``."""
        self._thread.start()

    def stop(self) -> None:
        """Fade out and end the loop; returns within half a second. A loop never started is fine."""
        if self._thread.is_alive():
            self.tables.control[Control.MUTE] = 1
            time.sleep(MUTE_S)
            self.tables.control[Control.STOP] = 1
            self._thread.join(STOP_TIMEOUT_S)

    def prepare(self) -> None:
        """Compile the loop, or load it compiled, by running it stopped: seconds the first time, 0.1 s later."""
        self.tables.control[Control.STOP] = 1
        self._loop()
        self.tables.control[Control.STOP] = 0

    def _run(self) -> None:
        self.realtime = become_realtime()
        self._loop()

    def _loop(self) -> None:
        transmit_loop(self._calls, self.tables, self.messages)

    @property
    def messages(self) -> Messages:
        """What the loop is given beside the tables."""
        return self._layouts.messages.handle

    def reports(self, now_s: float) -> tuple[StreamReport, ...]:
        """Counters of every stream, and levels since the last call; ``now_s`` is the monotonic time."""
        return self._reporter.reports(now_s, sending=self._thread.is_alive() and self._has_clock)
