"""One stream of a running transmitter: its row in the tables, its routes and gains."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aes67_sender.engine.transmit.tables import ROUTE_SLOTS
from aes67_sender.model.packet import BYTES_PER_SAMPLE

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.plan import StreamPlan
    from aes67_sender.engine.transmit.tables import Tables


class Route(NamedTuple):
    """Where a stream's sound comes from: a feed's slot, and per stream channel the feed's channel, -1 for silence."""

    feed: int
    channel_map: tuple[int, ...]


class StreamRow:
    """Python's side of a row. One thread.

    The loop hears one of two route slots. The other is written, then named; until the loop has cross-faded to it, the
    newest wish waits here.
    """

    def __init__(self, tables: Tables, row: int, plan: StreamPlan) -> None:
        """``row`` is one that no layout holds."""
        self._tables = tables
        self.row = row
        self.plan = plan
        self._waiting: Route | None = None
        self._wanted = Route(plan.feed, plan.channel_map)
        self._fill(plan.gains or (1.0,) * plan.packet.channels)

    def _fill(self, gains: tuple[float, ...]) -> None:
        tables, row, plan = self._tables, self.row, self.plan
        tables.streams[row] = (
            plan.packet.channels,
            BYTES_PER_SAMPLE[plan.packet.encoding],
            plan.payload_type,
            plan.handover.ssrc,
            0,
            0,
        )
        tables.states[row] = 0
        tables.states[row]["sequence_offset"] = plan.handover.sequence_offset
        tables.reach[row] = 0.0
        tables.lateness[row] = 0
        tables.clipped[row] = 0
        tables.windows[:, row] = 0
        for levels in (tables.gains, tables.goals, tables.levels):
            levels[row, : len(gains)] = gains
        self._write(self._wanted, 0)

    def _write(self, route: Route, slot: int) -> None:
        self._tables.route_feeds[self.row, slot] = route.feed
        self._tables.channel_map[self.row, slot, : len(route.channel_map)] = route.channel_map

    def route(self, route: Route) -> None:
        """Be heard from there as soon as the fade before this one is done."""
        self._waiting = route
        self.tend()

    def set_gains(self, gains: tuple[float, ...]) -> None:
        """Go to these linear gains within 10 ms, from wherever the change before got to."""
        self._tables.gains[self.row, : len(gains)] = gains
        # Last, in one store: from here on the loop follows them.
        self._tables.streams[self.row]["gains"] += 1

    def forget_wish(self) -> None:
        """The route that waits is wanted no more."""
        self._waiting = None

    def tend(self) -> None:
        """Begin the cross-fade that waits, if the loop has done the one before."""
        if self._waiting is None or self._crossing:
            return
        if self._waiting != self._wanted:
            slot = (int(self._tables.streams[self.row]["route"]) + 1) % ROUTE_SLOTS
            self._write(self._waiting, slot)
            # Last, in one store: from here on the loop reads it.
            self._tables.streams[self.row]["route"] = slot
            self._wanted = self._waiting
        self._waiting = None

    @property
    def _crossing(self) -> bool:
        return int(self._tables.states[self.row]["route"]) != int(self._tables.streams[self.row]["route"])

    @property
    def at_its_gains(self) -> bool:
        """Whether no gain moves any more."""
        state = self._tables.states[self.row]
        return int(state["gains"]) == int(self._tables.streams[self.row]["gains"]) and not state["ramp_left"]

    @property
    def is_settled(self) -> bool:
        """Whether what was asked for is what is heard."""
        return self._waiting is None and not self._crossing and self.at_its_gains

    @property
    def feeds(self) -> set[int]:
        """Feeds that the loop reads, or will."""
        feeds = {self._wanted.feed}
        if self._waiting is not None:
            feeds.add(self._waiting.feed)
        if self._crossing:
            feeds |= {int(feed) for feed in self._tables.route_feeds[self.row]}
        return feeds
