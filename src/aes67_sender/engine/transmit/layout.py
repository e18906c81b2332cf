"""The order in which streams are packed and sent, and its exchange while the loop runs."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from aes67_sender.engine.transmit.plan import StreamPlan, late_limit_ns
from aes67_sender.engine.transmit.room import Room
from aes67_sender.engine.transmit.system import MessageTable
from aes67_sender.engine.transmit.tables import LAYOUT_SLOTS, Control, Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.engine.transmit.tables import Tables

GroupKey = tuple[int, int, int]


def group_key(plan: StreamPlan) -> GroupKey:
    """Streams with the same key are due together and leave by one socket."""
    return plan.socket, plan.packet.frames, plan.packet.rate_hz


class Layouts:
    """Gives the loop one layout after the other. One thread.

    Of the two slots the loop reads one. The other may be written once the loop says that it has come over.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.messages = MessageTable(len(tables.streams), LAYOUT_SLOTS)
        self._room = Room(len(tables.groups), "kinds of packets")
        self._groups: dict[GroupKey, int] = {}
        #: Rows of groups that only the layout before this one has.
        self._left: tuple[int, ...] = ()
        self._serial = 0

    @property
    def serial(self) -> int:
        """Number of the layout published last."""
        return self._serial

    @property
    def in_use(self) -> bool:
        """Whether the loop has come over to the layout published last; only then there may be a next."""
        return int(self._tables.progress[Progress.LAYOUT]) == self._serial

    def reserve(self, plans: Mapping[int, StreamPlan]) -> None:
        """Make sure that there is a row for every group of these streams.

        Raises:
            CapacityError: there is not; nothing is changed.

        """
        self._free_left()
        new = {group_key(plan): plan for plan in plans.values() if group_key(plan) not in self._groups}
        taken = {}
        try:
            for key, plan in new.items():
                taken[key] = self._room.take()
                row = self._tables.groups[taken[key]]
                row["socket"], row["frames"], row["rate_hz"] = key
                row["late_limit_ns"] = late_limit_ns(plan.packet)
                row["packet"] = row["due_ns"] = row["packed"] = 0
        except Exception:
            for row in taken.values():
                self._room.give(row)
            raise
        self._groups |= taken

    def publish(self, plans: Mapping[int, StreamPlan]) -> None:
        """Send these streams, by row, from now on: groups reserved, ``in_use`` true."""
        assert self.in_use  # noqa: S101  else the loop reads what is written here
        self._free_left()
        order = sorted(plans, key=lambda row: group_key(plans[row]))
        slot = (self._serial + 1) % LAYOUT_SLOTS
        first = 0
        runs = self._tables.runs[slot]
        sizes = {key: len(list(rows)) for key, rows in groupby(order, lambda row: group_key(plans[row]))}
        for position, (key, count) in enumerate(sizes.items()):
            runs[position] = (self._groups[key], first, count)
            first += count
        self._tables.run_counts[slot] = len(sizes)
        self._tables.orders[slot, : len(order)] = order
        self.messages.arrange(slot, order)
        self._left = tuple(row for key, row in self._groups.items() if key not in sizes)
        self._groups = {key: row for key, row in self._groups.items() if key in sizes}
        self._serial += 1
        # Last, in one store: from here on the loop may read it.
        self._tables.control[Control.LAYOUT] = self._serial

    def _free_left(self) -> None:
        if self.in_use:
            for row in self._left:
                self._room.give(row)
            self._left = ()
