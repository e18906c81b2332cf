"""A PTP port on one interface: messages out, stamped messages in."""

from __future__ import annotations

import contextlib
import secrets
import selectors
import socket
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import psutil

from aes67_sender.errors import MachineError
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.net.closing import Closing
from aes67_sender.net.ptp.choice import choose_stamping
from aes67_sender.net.ptp.link import look_at
from aes67_sender.net.ptp.membership import Link, Membership
from aes67_sender.net.ptp.sockets import (
    EVENT_PORT,
    GENERAL_PORT,
    GROUP,
    PEER_GROUP,
    PtpSockets,
    choose_interface,
    leave_groups,
    open_sockets,
)
from aes67_sender.wire.ptp_types import ClockIdentity

if TYPE_CHECKING:
    from aes67_sender.model.interface import Interface
    from aes67_sender.model.problem import Problem
    from aes67_sender.model.ptp import Arrival, Departure, StampKind
    from aes67_sender.net.ptp.stamping import Stamping

#: AES67-2018 table 1: PTP travels with expedited forwarding.
DSCP: Final = 46
#: How long to leave sockets alone that said there is something and gave nothing.
_AFTER_NOTHING_S: Final = 0.001


def open_ptp_port(interface: Interface, *, dscp: int = DSCP, hardware: bool = True) -> PtpPort:
    """Open UDP 319 and 320 on an interface, beside other PTP programs, with the best stamps to be had.

    ``dscp`` is 0 … 63. Not ``hardware``: leave the interface's own stamps alone, the kernel's will do.

    Raises:
        PortsForbiddenError: this user may not open them.
        PortsTakenError: another program has one of them for itself.
        MachineError: the interface cannot be used.
    """
    if interface.address is None:
        raise MachineError(
            f"Interface {interface.name} has no IPv4 address, so no PTP.",
            hint="Give it one, or choose another interface: see `aes67-sender interfaces`.",
        )
    sockets = open_sockets(dscp)
    try:
        link = _link_of(interface, sockets)
        stamping = choose_stamping(sockets, interface, hardware=hardware)
        stamping.follow(link.index)
        choose_interface(sockets, interface, link.index)
    except OSError as refused:
        sockets.close()
        raise MachineError(
            f"PTP's multicast groups cannot be joined on {interface.name}: {refused.strerror or refused}.",
            hint="Check that the interface is up and has an IPv4 address.",
        ) from refused
    except BaseException:
        sockets.close()
        raise
    return PtpPort(interface, sockets, stamping, link)


def clock_identity_of(mac: str | None) -> ClockIdentity:
    """EUI-64 of a MAC like ``00:1d:c1:12:34:56`` (IEEE 1588-2008 7.5.2.2.2); a random, local one without."""
    octets = bytes.fromhex(mac.replace(":", "")) if mac else bytes([0x02, *secrets.token_bytes(5)])
    return ClockIdentity(octets[:3] + b"\xff\xfe" + octets[3:])


def _link_of(interface: Interface, sockets: PtpSockets) -> Link:
    link = look_at(interface, sockets.general)
    if link is None:
        raise MachineError(
            f"There is no interface {interface.name} any more.",
            hint="Plug it in again, or choose another one: see `aes67-sender interfaces`.",
        )
    return link


class PtpPort(Closing):
    """An open port; ``open_ptp_port`` makes it. A context manager.

    All of one thread, but for ``wake``. Nothing raises for the network's sake, and the port outlives its interface:
    it joins its groups again when the interface comes back.
    """

    def __init__(self, interface: Interface, sockets: PtpSockets, stamping: Stamping, link: Link) -> None:
        self.interface = interface
        self.clock_identity = clock_identity_of(interface.mac)
        self.send_failures = 0
        self._sockets = sockets
        self._stamping = stamping
        self._joined = interface, link.index
        self._membership = Membership(lambda: look_at(interface, sockets.general), self._join, monotonic_ns())
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        for each in (self._waker, self._woken):
            each.settimeout(0)
        for each in (sockets.event, sockets.general, self._woken):
            self._selector.register(each, selectors.EVENT_READ)
        self._closed = False

    @property
    def kind(self) -> StampKind:
        """Which stamps are in use: the weaker of sending and receiving. Each record tells its own."""
        return self._stamping.kind

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the system refused, and why the stamps are no better; may change while it runs."""
        return self._sockets.problems + self._stamping.problems

    def send(self, octets: bytes, *, event: bool, peer: bool = False, to: str | None = None) -> bool:
        """Send to the group, to the peers' group, or to an IPv4 address; whether the system took it.

        ``receive`` gives an event message back as a ``Departure`` once it has left.
        """
        if self._closed:
            return False
        address = to or (PEER_GROUP if peer else GROUP)
        try:
            if event:
                self._stamping.send(self._sockets.event, octets, (address, EVENT_PORT))
            else:
                self._sockets.general.sendto(octets, (address, GENERAL_PORT))
        except OSError:
            self.send_failures += 1
            return False
        return True

    def receive(self, timeout_s: float) -> list[Arrival | Departure]:
        """What has come and left, in the order of the stamps; blocks for ``timeout_s`` at most, until ``wake``.

        May return empty-handed before that. Never spins, also if the interface is gone.
        """
        if self._closed:
            return []
        self._membership.keep(monotonic_ns())
        ready = {key.fileobj for key, _ in self._selector.select(max(0.0, timeout_s))}
        if self._woken in ready:
            with contextlib.suppress(OSError):
                self._woken.recv(4096)
        event, general = self._sockets.event, self._sockets.general
        records: list[Arrival | Departure] = []
        records += self._stamping.departures(event)
        left = len(records)
        for each in (event, general):
            if each in ready:
                records += self._stamping.arrivals(each, event=each is event)
        if len(records) > left:
            self._membership.heard(monotonic_ns())
        if not records and ready - {self._woken}:
            # An error that stays, or foreign datagrams: the caller must not spin.
            time.sleep(min(max(0.0, timeout_s), _AFTER_NOTHING_S))
        return sorted(records, key=lambda each: each.stamp_ns)

    def wake(self) -> None:
        """Let ``receive`` return now, or the next one at once. From any thread."""
        # Full means woken already; closed means there is nobody to wake.
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def close(self) -> None:
        """Leave the groups and give the ports back; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._stamping.close()
        self._selector.close()
        self._sockets.close()
        self._waker.close()
        self._woken.close()

    def _join(self, link: Link) -> bool:
        leave_groups(self._sockets, *self._joined)
        interface = self.interface
        if sys.platform == "win32":
            # Windows names the interface by its address, which may be a new one.
            named = psutil.net_if_addrs().get(interface.name, [])
            found = [each.address for each in named if each.family == socket.AF_INET]
            if not found:
                return False
            interface = replace(interface, address=found[0])
        self._joined = interface, link.index
        self._stamping.follow(link.index)
        try:
            choose_interface(self._sockets, interface, link.index)
        except OSError:
            return False
        return True
