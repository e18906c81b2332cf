"""macOS stamps what arrives, in the kernel; what leaves is stamped by this program. Never run on a Mac."""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from typing import TYPE_CHECKING, Final

from aes67_sender.model.problem import Problem
from aes67_sender.model.ptp import Arrival
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.net.ptp.stamping import LONGEST_DATAGRAM, MOST_READS, UserSpaceStamping
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

assert sys.platform != "win32"  # noqa: S101  tells type checkers whose functions these are

# sys/socket.h and netinet/in.h of XNU
SO_TIMESTAMP_MONOTONIC: Final = 0x0800
SCM_TIMESTAMP_MONOTONIC: Final = 0x04
IP_RECVPKTINFO: Final = 26
_CONTROL_BYTES: Final = 256
_OLDEST_NS: Final = 10 * NS_PER_S


class DarwinStamping(UserSpaceStamping):
    """Implements ``Stamping``. ``kind`` stays ``user-space``: that is what departures get."""

    def __init__(self, sockets: Sequence[socket.socket], nanoseconds: Callable[[int], int] | None = None) -> None:
        """``nanoseconds`` tells mach_absolute_time in ns. Raises OSError where the system knows no such stamps."""
        text = "macOS stamps only what arrives; messages that leave are stamped by the program, which is less exact."
        super().__init__((Problem("ptp.stamps", "info", text),))
        self._nanoseconds = nanoseconds or _timebase()
        self._index: int | None = None
        for each in sockets:
            each.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP_MONOTONIC, 1)
            each.setsockopt(socket.IPPROTO_IP, IP_RECVPKTINFO, 1)

    def follow(self, interface_index: int) -> None:
        """Only what comes by this interface counts."""
        self._index = interface_index

    def arrivals(self, sock: socket.socket, *, event: bool) -> list[Arrival]:
        """All that has come by the interface."""
        read: list[Arrival] = []
        for _ in range(MOST_READS):
            try:
                octets, control, flags, address = sock.recvmsg(LONGEST_DATAGRAM, _CONTROL_BYTES)
            except OSError:
                break
            now_ns = monotonic_ns()
            ticks, index = told(control)
            if flags & socket.MSG_TRUNC or index not in (self._index, None):
                continue
            stamp_ns = None if ticks is None else self._nanoseconds(ticks)
            if stamp_ns is not None and now_ns - _OLDEST_NS <= stamp_ns <= now_ns:
                read.append(Arrival(octets, stamp_ns, address[0], event, "kernel"))
            else:
                read.append(Arrival(octets, now_ns, address[0], event, "user-space"))
        return read


def told(messages: Iterable[tuple[int, int, bytes]]) -> tuple[int | None, int | None]:
    """The stamp in units of mach_absolute_time, and the index of the interface; ``None`` where not told."""
    ticks: int | None = None
    index: int | None = None
    for level, kind, data in messages:
        if level == socket.SOL_SOCKET and kind == SCM_TIMESTAMP_MONOTONIC and len(data) >= 8:  # noqa: PLR2004  uint64_t
            ticks = struct.unpack_from("=Q", data)[0]
        elif level == socket.IPPROTO_IP and kind == IP_RECVPKTINFO and len(data) >= 4:  # noqa: PLR2004  an unsigned int
            index = struct.unpack_from("=I", data)[0]
    return ticks, index


def _timebase() -> Callable[[int], int]:
    class Timebase(ctypes.Structure):
        _fields_ = (("numerator", ctypes.c_uint32), ("denominator", ctypes.c_uint32))

    # time.monotonic_ns is mach_absolute_time by the same fraction.
    base = Timebase()
    ctypes.CDLL(None).mach_timebase_info(ctypes.byref(base))
    return lambda ticks: ticks * base.numerator // base.denominator
