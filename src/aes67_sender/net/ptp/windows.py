"""Windows stamps datagrams where the driver can and it is switched on (Winsock timestamping, build 20348 and later)."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Final

from aes67_sender.model.problem import Problem
from aes67_sender.model.ptp import Arrival, Departure, StampKind
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.net.ptp.awaited import Awaited, Sent
from aes67_sender.net.ptp.stamping import LONGEST_DATAGRAM, MOST_READS, Address
from aes67_sender.net.ptp.winsock import Winsock, control_message, control_messages
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable

# mstcpip.h and ws2def.h
SIO_TIMESTAMPING: Final = 0x980000EB
SIO_GET_TX_TIMESTAMP: Final = 0x980000EA
SOL_SOCKET: Final = 0xFFFF
SO_TIMESTAMP: Final = 0x300A
SO_TIMESTAMP_ID: Final = 0x300B
#: TIMESTAMPING_CONFIG: flags (RX 1, TX 2), and how many stamps of sent messages are kept for us.
_CONFIG: Final = struct.pack("<IH2x", 0x1 | 0x2, 64)
ARRIVALS_ONLY: Final = struct.pack("<IH2x", 0x1, 0)
#: UINT64
_STAMP_BYTES: Final = 8
_OLDEST_NS: Final = 10 * NS_PER_S
_UNSTAMPED_ENOUGH: Final = 4


class WindowsStamping:
    """Implements ``Stamping``; as ``UserSpaceStamping`` where Windows, or the driver, takes no stamps.

    Only stamps that count QueryPerformanceCounter are of use. A driver that stamps in hardware counts its own clock;
    such stamps are no times near now, and are not believed. Sees no difference between interfaces: Windows gives a
    socket only the groups it has joined, by the interfaces it has joined them on.
    """

    def __init__(self, winsock: Winsock, event: socket.socket, qpc_ns: Callable[[int], int] | None = None) -> None:
        """``qpc_ns`` tells QueryPerformanceCounter in ns of the monotonic clock."""
        self._winsock = winsock
        self._event = event
        self._qpc_ns = qpc_ns or performance_counter_ns
        self._stamps = winsock.control(event, SIO_TIMESTAMPING, _CONFIG, 0) is not None
        self._awaited = Awaited()
        self._departed: list[Departure] = []
        self._number = 0
        self._unstamped = 0
        self._last_arrival_ns = 0

    @property
    def kind(self) -> StampKind:
        """``kernel`` until too many stamps are missing."""
        missing = self._awaited.in_vain or self._unstamped >= _UNSTAMPED_ENOUGH
        return "kernel" if self._stamps and not missing else "user-space"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why not ``kernel``."""
        if self.kind == "kernel":
            return ()
        why = "the network driver takes none" if self._stamps else "this version takes none"
        text = f"Windows does not stamp PTP messages: {why}; the program's own stamps are less exact."
        hint = "Switch software time stamps on in the adapter's advanced settings, if it has them (Windows 11)."
        return (Problem("ptp.stamps", "info", text, hint=hint),)

    def follow(self, interface_index: int) -> None:
        """Nothing to do."""

    def send(self, sock: socket.socket, octets: bytes, address: Address) -> None:
        """Send; with a number to ask for the stamp by."""
        self._number = self._number + 1 & 0xFFFFFFFF
        before_ns = monotonic_ns()
        if self._stamps:
            number = control_message(SOL_SOCKET, SO_TIMESTAMP_ID, struct.pack("<I", self._number))
            self._winsock.send(sock, octets, address, number)
        else:
            sock.sendto(octets, address)
        sent = Sent(octets, self._number, before_ns, monotonic_ns())
        if self._stamps:
            self._awaited.add(sent)
        if self.kind == "user-space":
            self._departed.append(Departure(octets, sent.middle_ns, "user-space"))

    def arrivals(self, sock: socket.socket, *, event: bool) -> list[Arrival]:
        """All that has come."""
        read: list[Arrival] = []
        for _ in range(MOST_READS):
            try:
                read.append(self._arrival(sock, event=event))
            except OSError:
                break
            self._last_arrival_ns = read[-1].stamp_ns
        return read

    def _arrival(self, sock: socket.socket, *, event: bool) -> Arrival:
        if not (event and self._stamps):
            octets, address = sock.recvfrom(LONGEST_DATAGRAM)
            return Arrival(octets, monotonic_ns(), address[0], event, "user-space")
        octets, source, control = self._winsock.receive(sock, LONGEST_DATAGRAM)
        now_ns = monotonic_ns()
        ticks = stamp_of(control_messages(control))
        stamp_ns = None if ticks is None else believed_ns(self._qpc_ns(ticks), now_ns)
        if stamp_ns is not None:
            self._unstamped = 0
            return Arrival(octets, stamp_ns, source, event, "kernel")
        self._unstamped += 1
        return Arrival(octets, now_ns, source, event, "user-space")

    def departures(self, sock: socket.socket) -> list[Departure]:
        """Those whose stamps have come; gives up those that are overdue."""
        departed, self._departed = self._departed, []
        for sent in self._awaited.pending():
            told_already = self.kind == "user-space"
            answer = self._winsock.control(sock, SIO_GET_TX_TIMESTAMP, struct.pack("<I", sent.number), _STAMP_BYTES)
            if answer is None or len(answer) != _STAMP_BYTES:
                continue
            stamp_ns = self._qpc_ns(int.from_bytes(answer, "little"))
            if not sent.before_ns <= stamp_ns <= monotonic_ns():
                self._awaited.unstamped(sent)
                continue
            self._awaited.stamped(sent)
            if not told_already:
                departed.append(Departure(sent.octets, stamp_ns, "kernel"))
        if self._awaited.pending():
            self._awaited.give_up_overdue(monotonic_ns(), self._last_arrival_ns)
        return departed

    def close(self) -> None:
        """Nothing to give back."""


def believed_ns(stamp_ns: int, now_ns: int) -> int | None:
    """The stamp of what came just now; ``None`` if it is of another clock."""
    return stamp_ns if now_ns - _OLDEST_NS <= stamp_ns <= now_ns else None


def stamp_of(control: Iterable[tuple[int, int, bytes]]) -> int | None:
    """The stamp among the control messages of a datagram, in ticks of the clock that took it."""
    for level, kind, data in control:
        if level == SOL_SOCKET and kind == SO_TIMESTAMP and len(data) == _STAMP_BYTES:
            return int.from_bytes(data, "little")
    return None


def performance_counter_ns(ticks: int) -> int:
    """As time.perf_counter_ns tells it."""
    frequency_hz = round(1 / time.get_clock_info("perf_counter").resolution)
    return ticks * NS_PER_S // frequency_hz
