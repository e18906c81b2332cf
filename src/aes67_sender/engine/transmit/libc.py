"""The system calls of the packet path on Linux, as C function pointers that compiled code calls directly.

Pointers are passed as integers, so that the same calls work from compiled code and from plain Python.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

PR_SET_TIMERSLACK: Final = 29
#: Room for a destination: a ``sockaddr_in6`` has 28.
SOCKADDR_BYTES: Final = 32


class IoVec(ctypes.Structure):
    """struct iovec."""

    _fields_ = [("base", ctypes.c_size_t), ("length", ctypes.c_size_t)]


class MsgHdr(ctypes.Structure):
    """struct msghdr."""

    _fields_ = [
        ("name", ctypes.c_size_t),
        ("name_bytes", ctypes.c_uint32),
        ("iov", ctypes.c_size_t),
        ("iov_count", ctypes.c_size_t),
        ("control", ctypes.c_size_t),
        ("control_bytes", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class MMsgHdr(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = [("header", MsgHdr), ("sent_bytes", ctypes.c_uint)]


#: The distance of one message from the next in a table of them.
MESSAGE_BYTES: Final = ctypes.sizeof(MMsgHdr)


class SystemCalls(NamedTuple):
    """clock_gettime, clock_nanosleep, sendmmsg, memcpy and errno's address, typed for numba."""

    gettime: Any
    sleep: Any
    send: Any
    copy: Any
    errno_address: Any


def system_calls() -> SystemCalls:
    """Look the functions up in libc."""
    libc = ctypes.CDLL(None, use_errno=False)

    def typed(name: str, result: Any, *arguments: Any) -> Any:  # noqa: ANN401  ctypes types are untyped
        return ctypes.CFUNCTYPE(result, *arguments)((name, libc))

    size, integer = ctypes.c_size_t, ctypes.c_int
    return SystemCalls(
        gettime=typed("clock_gettime", integer, integer, size),
        sleep=typed("clock_nanosleep", integer, integer, integer, size, size),
        send=typed("sendmmsg", integer, integer, size, ctypes.c_uint, integer),
        copy=typed("memcpy", size, size, size, size),
        errno_address=typed("__errno_location", size),
    )


def sharpen_timer() -> None:
    """Ask the kernel to wake this thread without its usual 50 µs of slack (prctl PR_SET_TIMERSLACK)."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(1), 0, 0, 0)


class MessageTable:
    """What ``sendmmsg`` reads: packet and destination per stream row, and per layout slot the messages in order."""

    def __init__(self, rows: int, layouts: int) -> None:
        """Room for ``rows`` streams, and as many messages in each of ``layouts`` orders."""
        self._rows = rows
        self._names = (ctypes.c_char * SOCKADDR_BYTES * rows)()
        self._name_bytes = [0] * rows
        self._vectors = (IoVec * rows)()
        self._messages = (MMsgHdr * (rows * layouts))()

    def fill_row(self, row: int, packet: tuple[int, int], destination: bytes) -> None:
        """Say what a row sends: address and length in bytes of its packet, and a ``sockaddr``. No layout holds it."""
        ctypes.memmove(self._names[row], destination, len(destination))
        self._name_bytes[row] = len(destination)
        self._vectors[row].base, self._vectors[row].length = packet

    def arrange(self, layout: int, order: Sequence[int]) -> None:
        """Write the messages of a layout slot that is not in use: these rows, in this order."""
        names, vectors = ctypes.addressof(self._names), ctypes.addressof(self._vectors)
        for position, row in enumerate(order):
            header = self._messages[layout * self._rows + position].header
            header.name, header.name_bytes = names + row * SOCKADDR_BYTES, self._name_bytes[row]
            header.iov, header.iov_count = vectors + row * ctypes.sizeof(IoVec), 1

    @property
    def handle(self) -> int:
        """What the loop is given: where layout slot 0 begins; slot n lies n times the number of rows further on."""
        return ctypes.addressof(self._messages)
