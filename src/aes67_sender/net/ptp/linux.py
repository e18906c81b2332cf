"""Linux stamps datagrams in the kernel or in the interface: when they come up, and when the driver takes them."""

from __future__ import annotations

import contextlib
import socket
import sys
from typing import TYPE_CHECKING, Final, Literal

from aes67_sender.model.problem import Problem
from aes67_sender.model.ptp import Arrival, Departure, StampKind
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.net.ptp.awaited import Awaited, Sent
from aes67_sender.net.ptp.control_messages import (
    CONTROL_BYTES,
    IP_PKTINFO,
    SO_TIMESTAMPING_NEW,
    interface_of,
    stamps_of,
)
from aes67_sender.net.ptp.realtime import RealtimeOffset, observe_now
from aes67_sender.net.ptp.stamping import LONGEST_DATAGRAM, MOST_READS, Address
from aes67_sender.units import NS_PER_S

if sys.platform == "linux":
    from aes67_sender.net.ptp.hardware import HARDWARE_FLAGS, HardwareClock

if TYPE_CHECKING:
    from aes67_sender.net.ptp.control_messages import Stamps

assert sys.platform == "linux"  # noqa: S101  tells type checkers whose functions these are

# linux/net_tstamp.h
_TX_SOFTWARE: Final = 1 << 1
_RX_SOFTWARE: Final = 1 << 3
_SOFTWARE: Final = 1 << 4
# Without OPT_TSONLY the stamp comes with the packet itself: no numbers to miscount when a send fails.
_EVENT_FLAGS: Final = _RX_SOFTWARE | _TX_SOFTWARE | _SOFTWARE
# No stamps of what it sends: nobody reads its error queue, which would make every wait return at once.
_GENERAL_FLAGS: Final = _RX_SOFTWARE | _SOFTWARE

_READINGS_AT_START: Final = 50
#: Stamps older than this when they are read are not believed.
_OLDEST_NS: Final = 10 * NS_PER_S
#: So many event messages in a row without the interface's stamp.
_UNSTAMPED_ENOUGH: Final = 4


class KernelStamping:
    """Implements ``Stamping`` by SO_TIMESTAMPING. Falls back from the interface's stamps to the kernel's."""

    def __init__(
        self,
        event: socket.socket,
        general: socket.socket,
        hardware: HardwareClock | None = None,
        problems: tuple[Problem, ...] = (),
    ) -> None:
        """Raises OSError where the system knows no such stamps."""
        self._event = event
        self._hardware = hardware
        self._problems = problems
        self._offset = RealtimeOffset()
        observe_now(self._offset, _READINGS_AT_START)
        self._index: int | None = None
        self._awaited = Awaited()
        self._departed: list[Departure] = []
        self._unstamped = 0
        self._last_arrival_ns = 0
        flags = _EVENT_FLAGS | (HARDWARE_FLAGS if hardware else 0)
        for each, asked in ((event, flags), (general, _GENERAL_FLAGS)):
            each.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            each.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING_NEW, asked)

    @property
    def kind(self) -> StampKind:
        """``user-space`` once the driver has shown that it stamps nothing it sends."""
        if self._hardware:
            return "hardware"
        return "user-space" if self._awaited.in_vain else "kernel"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why the stamps are no better."""
        if self._hardware or not self._awaited.in_vain:
            return self._problems
        text = "The interface's driver takes no stamps of packets it sends; the program's own are less exact."
        hint = "Use a wired interface of another make for PTP."
        return (*self._problems, Problem("ptp.stamps", "warning", text, hint=hint))

    def follow(self, interface_index: int) -> None:
        """Only what comes by this interface counts."""
        if self._index not in (None, interface_index):
            self._fall_back("the interface was exchanged")
        self._index = interface_index

    def send(self, sock: socket.socket, octets: bytes, address: Address) -> None:
        """Send; the stamp comes later."""
        before_ns = monotonic_ns()
        sock.sendto(octets, address)
        sent = Sent(octets, 0, before_ns, monotonic_ns())
        self._awaited.add(sent)
        if self._awaited.in_vain:
            self._departed.append(Departure(octets, sent.middle_ns, "user-space"))

    def arrivals(self, sock: socket.socket, *, event: bool) -> list[Arrival]:
        """All that has come by the interface."""
        read: list[tuple[bytes, str, Stamps, int]] = []
        for _ in range(MOST_READS):
            try:
                octets, control, flags, address = sock.recvmsg(LONGEST_DATAGRAM, CONTROL_BYTES)
            except OSError:
                break
            now_ns = monotonic_ns()
            if flags & socket.MSG_TRUNC or interface_of(control) not in (self._index, None):
                continue
            read.append((octets, address[0], stamps_of(control), now_ns))
        if not read:
            return []
        self._compare_clocks()
        self._last_arrival_ns = read[-1][3]
        return [arrival for each in read if (arrival := self._arrival(*each, event=event))]

    def _arrival(self, octets: bytes, source: str, stamps: Stamps, now_ns: int, *, event: bool) -> Arrival | None:
        if event and self._hardware and stamps[1] is None:
            self._unstamped += 1
            if self._unstamped >= _UNSTAMPED_ENOUGH:
                self._fall_back("it does not stamp what arrives")
        elif event:
            self._unstamped = 0
        if stamps == (None, None):
            return Arrival(octets, now_ns, source, event, "user-space")
        if stamped := self._convert(stamps, now_ns - _OLDEST_NS, now_ns):
            return Arrival(octets, stamped[0], source, event, stamped[1])
        # Nobody measures by a general message: a step of the system clock must not cost an Announce.
        return None if event else Arrival(octets, now_ns, source, event, "user-space")

    def departures(self, sock: socket.socket) -> list[Departure]:
        """Those whose stamps have come; gives up those that are overdue."""
        looped: list[tuple[bytes, Stamps]] = []
        for _ in range(MOST_READS):
            try:
                packet, control, _, _ = sock.recvmsg(LONGEST_DATAGRAM, CONTROL_BYTES, socket.MSG_ERRQUEUE)
            except OSError:
                break
            looped.append((packet, stamps_of(control)))
        departed, self._departed = self._departed, []
        if looped:
            self._compare_clocks()
            departed += [departure for each in looped if (departure := self._departure(*each))]
        if self._awaited.pending():
            self._awaited.give_up_overdue(monotonic_ns(), self._last_arrival_ns)
        if self._hardware and self._awaited.in_vain:
            self._fall_back("it does not stamp what it sends")
        return departed

    def _departure(self, packet: bytes, stamps: Stamps) -> Departure | None:
        # The packet as it left, with all its headers, perhaps padded.
        sent = next((each for each in self._awaited.pending() if each.octets in packet), None)
        if sent is None or stamps == (None, None):
            return None
        told_already = self._awaited.in_vain
        if self._hardware and stamps[1] is None:
            self._awaited.unstamped(sent)
        else:
            self._awaited.stamped(sent)
        stamped = self._convert(stamps, sent.before_ns, monotonic_ns())
        if stamped is None or told_already:
            return None
        return Departure(sent.octets, *stamped)

    def _convert(
        self, stamps: Stamps, earliest_ns: int, latest_ns: int
    ) -> tuple[int, Literal["hardware", "kernel"]] | None:
        realtime_ns, phc_ns = stamps
        if self._hardware and phc_ns is not None:
            stamp_ns = self._hardware.map.monotonic_ns(phc_ns, earliest_ns=earliest_ns, latest_ns=latest_ns)
            return None if stamp_ns is None else (stamp_ns, "hardware")
        if realtime_ns is None:
            return None
        stamp_ns = self._offset.monotonic_ns(realtime_ns, earliest_ns=earliest_ns, latest_ns=latest_ns)
        return None if stamp_ns is None else (stamp_ns, "kernel")

    def _compare_clocks(self) -> None:
        """After reading, so that a step between the stamps and now is found."""
        observe_now(self._offset)
        if self._hardware:
            try:
                self._hardware.look()
            except OSError as gone:
                self._fall_back(f"its clock cannot be read: {gone.strerror}")

    def _fall_back(self, why: str) -> None:
        """From the interface's stamps to the kernel's."""
        if self._hardware is None:
            return
        self.close()
        self._awaited.start_again()
        self._problems += (no_hardware_stamps(why, "warning"),)
        with contextlib.suppress(OSError):  # the socket asked for them before
            self._event.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING_NEW, _EVENT_FLAGS)

    def close(self) -> None:
        """Close the PHC."""
        if self._hardware:
            self._hardware.close()
            self._hardware = None


def no_hardware_stamps(why: str, severity: Literal["info", "warning"] = "info") -> Problem:
    """The finding that the kernel's stamps must do."""
    text = f"PTP messages are stamped by the kernel, not by the interface: {why}."
    return Problem("ptp.hardware-stamps", severity, text)
