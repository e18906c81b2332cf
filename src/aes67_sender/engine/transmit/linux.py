"""Linux: the clock, the sleep, and all packets of a socket in one ``sendmmsg``. Compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aes67_sender.engine.jit import nogil
from aes67_sender.engine.transmit.libc import MESSAGE_BYTES
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.libc import SystemCalls
    from aes67_sender.engine.transmit.tables import Tables

CLOCK_MONOTONIC = 1
TIMER_ABSTIME = 1
MSG_DONTWAIT = 0x40
ERRNO_BYTES = 4


@nogil
def now_ns(calls: SystemCalls, tables: Tables) -> int:
    """CLOCK_MONOTONIC in ns."""
    calls.gettime(CLOCK_MONOTONIC, tables.time_words.ctypes.data)
    return tables.time_words[0] * NS_PER_S + tables.time_words[1]  # type: ignore[no-any-return]


@nogil
def sleep_until(calls: SystemCalls, tables: Tables, wake_ns: int) -> None:
    """Sleep to an instant of CLOCK_MONOTONIC."""
    tables.time_words[0] = wake_ns // NS_PER_S
    tables.time_words[1] = wake_ns % NS_PER_S
    calls.sleep(CLOCK_MONOTONIC, TIMER_ABSTIME, tables.time_words.ctypes.data, 0)


@nogil
def send_streams(  # noqa: PLR0913, PLR0917  compiled code takes no objects
    calls: SystemCalls, tables: Tables, messages: int, slot: int, socket: int, first: int, count: int
) -> None:
    """Send ``count`` packets, from position ``first`` on, by one socket.

    One that is refused is counted, and not tried again.
    """
    table = messages + slot * tables.orders.shape[1] * MESSAGE_BYTES
    done = 0
    while done < count:
        sent = calls.send(socket, table + (first + done) * MESSAGE_BYTES, count - done, MSG_DONTWAIT)
        if sent > 0:
            for position in range(first + done, first + done + sent):
                state = tables.states[tables.orders[slot, position]]
                state["packets"] += 1
                state["send_errno"] = 0
            done += sent
        else:
            calls.copy(tables.errno_word.ctypes.data, calls.errno_address(), ERRNO_BYTES)
            state = tables.states[tables.orders[slot, first + done]]
            state["send_errors"] += 1
            state["send_errno"] = tables.errno_word[0]
            done += 1
