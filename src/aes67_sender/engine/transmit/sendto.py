"""Systems without ``sendmmsg``: the packets of a socket one by one, by ``sendto``. Compiled."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from aes67_sender.engine.jit import nogil
from aes67_sender.engine.transmit.libc import SOCKADDR_BYTES

if sys.platform == "win32":
    from aes67_sender.engine.transmit.windows import last_error
else:
    from aes67_sender.engine.transmit.darwin import last_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.engine.transmit.tables import Int64Array, Tables

#: Columns of a message: addresses and lengths of the packet and of its destination.
PACKET: Final = 0
PACKET_BYTES: Final = 1
NAME: Final = 2
NAME_BYTES: Final = 3
_COLUMNS: Final = 4


class PacketTable:
    """What ``sendto`` is given: packet and destination per stream row, and per layout slot the rows in order."""

    def __init__(self, rows: int, layouts: int) -> None:
        """Room for ``rows`` streams, and as many messages in each of ``layouts`` orders."""
        self._rows = rows
        self._names = np.zeros((rows, SOCKADDR_BYTES), np.uint8)
        self._parts = np.zeros((rows, _COLUMNS), np.int64)
        self._messages = np.zeros((rows * layouts, _COLUMNS), np.int64)

    def fill_row(self, row: int, packet: tuple[int, int], destination: bytes) -> None:
        """Say what a row sends: address and length in bytes of its packet, and a ``sockaddr``. No layout holds it."""
        self._names[row, : len(destination)] = np.frombuffer(destination, np.uint8)
        self._parts[row] = (*packet, self._names[row].ctypes.data, len(destination))

    def arrange(self, layout: int, order: Sequence[int]) -> None:
        """Write the messages of a layout slot that is not in use: these rows, in this order."""
        first = layout * self._rows
        self._messages[first : first + len(order)] = self._parts[list(order)]

    @property
    def handle(self) -> Int64Array:
        """What the loop is given: layout slot 0 begins at 0, slot n lies n times the number of rows further on."""
        return self._messages


@nogil
def send_streams(  # noqa: PLR0913, PLR0917  compiled code takes no objects
    calls: Any,  # noqa: ANN401  each system has its own
    tables: Tables,
    messages: Int64Array,
    slot: int,
    socket: int,
    first: int,
    count: int,
) -> None:
    """Send ``count`` packets, from position ``first`` on, by one socket.

    One that is refused is counted, and not tried again.
    """
    table = slot * tables.orders.shape[1]
    for position in range(first, first + count):
        message = messages[table + position]
        state = tables.states[tables.orders[slot, position]]
        sent = calls.send(socket, message[PACKET], message[PACKET_BYTES], 0, message[NAME], message[NAME_BYTES])
        if sent >= 0:
            state["packets"] += 1
            state["send_errno"] = 0
        else:
            state["send_errors"] += 1
            state["send_errno"] = last_error(calls, tables)
